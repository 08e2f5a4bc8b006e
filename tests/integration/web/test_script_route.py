"""The script of the pages."""

from __future__ import annotations

from pathlib import Path

from web.api_lab import Api


def test_it_is_given_to_who_has_logged_in_and_to_nobody_else(api: Api, tmp_path: Path) -> None:
    api.app.state.script = tmp_path / "pages.js"
    api.app.state.script.write_text("let page")
    answer = api.ask("GET", "/pages.js", role="viewer")
    assert (answer.status_code, answer.text) == (200, "let page")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "logged in" in api.sentence(401, api.ask("GET", "/pages.js", role=None))


def test_without_a_script_a_sentence_says_how_to_get_it(api: Api, tmp_path: Path) -> None:
    api.app.state.script = tmp_path / "none.js"
    assert "without the script" in api.sentence(404, api.ask("GET", "/pages.js"))
