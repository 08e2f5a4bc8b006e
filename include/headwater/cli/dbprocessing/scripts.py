"""Which scripts there are, and where: imported only when one is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

from headwater.core.errors import NotFoundError

SCRIPTS: Mapping[str, str] = {
    "CreateDB.py": "create_db",
    "addFromConfig.py": "add_from_config",
    "ProcessQueue.py": "process_queue",
    "DBRunner.py": "db_runner",
    "clearProcessingFlag.py": "processing_flag",
    "flushProcessQueue.py": "flush_process_queue",
    "printProcessQueue.py": "print_process_queue",
    "reprocessByProduct.py": "reprocess_by_product",
    "reprocessByDate.py": "reprocess_by_date",
    "reprocessByInstrument.py": "reprocess_by_instrument",
    "reprocessByCode.py": "reprocess_by_code",
    "addProductProcessLink.py": "add_product_process_link",
    "changeProductDir.py": "change_product_dir",
    "purgeFileFromDB.py": "purge_file_from_db",
    "deleteAllDBFiles.py": "delete_all_db_files",
    "fast_data.py": "fast_data",
    "printInfo.py": "print_info",
    "printRequired.py": "print_required",
    "missingFiles.py": "missing_files",
    "missingFilesByProduct.py": "missing_files_by_product",
    "htmlCoverage.py": "html_coverage",
    "coveragePlot.py": "coverage_plot",
    "histogramCodes.py": "histogram_codes",
    "makeLatestSymlinks.py": "make_latest_symlinks",
    "compareDB.py": "compare_db",
    "testInspector.py": "test_inspector",
    "scrubber.py": "scrubber",
    "possibleProblemDates.py": "possible_problem_dates",
    "configFromDB.py": "config_from_db",
    "linkUningested.py": "link_uningested",
    "dbOnlyFiles.py": "db_only_files",
    "updateSHAsum.py": "update_sha_sum",
    "MigrateDB.py": "migrate_db",
    "updateUnixTime.py": "update_unix_time",
    "replaceArgsWithRootdir.py": "replace_args_with_rootdir",
}
"""Script name -> module of this package, which has ``main(arguments) -> exit code``."""


def run_script(name: str, arguments: Sequence[str]) -> int:
    """Run a script, named with or without ``.py``, and return its exit code.

    Raises
    ------
    NotFoundError
        If there is no such script.
    HeadwaterError
        If it meets a problem that it can explain.
    """
    known = {script.removesuffix(".py").lower(): script for script in SCRIPTS}
    script = known.get(name.removesuffix(".py").lower())
    if script is None:
        raise NotFoundError(
            f"dbprocessing has no script {name!r}; there are: {', '.join(sorted(SCRIPTS))}"
        )
    module = import_module(f"{__package__}.{SCRIPTS[script]}")
    code: int = module.main(arguments)
    return code
