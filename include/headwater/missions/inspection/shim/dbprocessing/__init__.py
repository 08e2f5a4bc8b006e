"""What existing inspectors import from ``dbprocessing`` (spec dbprocessing 3).

Headwater's own package under that name, on the module path of the inspectors' helper process
only. It keeps dbprocessing's spelling of names and no more of it than inspectors use.
"""
