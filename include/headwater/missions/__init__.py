"""Missions: what their files say, what the catalog holds, and what DAGs are made from."""
