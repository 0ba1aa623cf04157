"""A review in a real browser: by keys alone, with a mouse, in two tabs, in both themes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sciner.results.returned import take_in
from sciner.review.server import ReviewServer
from tests.browser import check_accessibility, press, show, started
from tests.reviews import LABELS, NASTY, reviewed, silver_run, waiting_run

pytestmark = pytest.mark.slow

from selenium.webdriver import ActionChains  # noqa: E402
from selenium.webdriver.common.actions import interaction  # noqa: E402
from selenium.webdriver.common.actions.action_builder import ActionBuilder  # noqa: E402
from selenium.webdriver.common.actions.pointer_input import PointerInput  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    yield from started()


@pytest.fixture(params=["batch", "silver"])
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ReviewServer]:
    """Of three sentences; in the silver, the first one has a suspected label error."""
    if request.param == "batch":
        waiting_run(tmp_path)
    else:
        silver_run(tmp_path)
    with reviewed(tmp_path) as found:
        yield found


only = pytest.mark.parametrize("server", ["silver"], indirect=True)


@pytest.fixture
def page(driver: Any, server: ReviewServer) -> Iterator[Any]:
    start(driver, server)
    yield driver
    errors = [line for line in driver.get_log("browser") if line["level"] == "SEVERE"]
    assert [line for line in errors if "409" not in line["message"]] == []  # two tabs


def start(driver: Any, server: ReviewServer, width: int = 1280, scheme: str = "light") -> None:
    show(driver, server.url, width, scheme)
    WebDriverWait(driver, 10).until(lambda d: d.find_elements(By.CSS_SELECTOR, ".token"))


def spans(page: Any) -> list[str]:
    """As shown: words, class and confidence."""
    return [mark.text for mark in page.find_elements(By.CSS_SELECTOR, "#text mark")]


def saved(page: Any) -> None:
    WebDriverWait(page, 10).until(lambda d: read(d, "saved").startswith("saved"))


def read(page: Any, id: str) -> str:
    return str(page.find_element(By.ID, id).text)


def kept(server: ReviewServer) -> dict[str, list[list[Any]]]:
    """The spans in the label file, in tokens."""
    if not server.decisions.work.file.exists():
        return {}
    tasks = json.loads(server.decisions.work.file.read_text(encoding="utf-8"))
    return {
        task["data"]["sciner_id"]: [
            [r["value"]["text"], *r["value"]["labels"]] for r in task["annotations"][0]["result"]
        ]
        for task in tasks
    }


def test_a_corpus_of_markup_is_text_and_the_token_leaves_the_address(
    page: Any, server: ReviewServer
) -> None:
    assert page.current_url.endswith(f":{server.server_port}/")
    WebDriverWait(page, 10).until(lambda d: go_to(d, "d#1"))
    assert [t.text.strip() for t in page.find_elements(By.CSS_SELECTOR, ".token")] == list(NASTY)
    assert not page.find_elements(By.CSS_SELECTOR, "#card img, #card script")
    page.refresh()
    WebDriverWait(page, 10).until(lambda d: d.find_elements(By.CSS_SELECTOR, ".token"))


def go_to(page: Any, id: str) -> bool:
    """Press j until a sentence is shown."""
    if id in read(page, "place"):
        return True
    press(page, "j")
    return id in read(page, "place")


def test_a_person_decides_by_keys_alone(page: Any, server: ReviewServer) -> None:
    """Re-bounds, re-labels, rejects, adds; each is on disk; and loop continue takes it."""
    assert "d#0" in read(page, "place") and "open" in read(page, "place")
    suspected = page.find_element(By.ID, "suspected").is_displayed()
    assert suspected is not server.decisions.work.batch  # which has none
    assert spans(page) == ["BERT Method 0.90", "parsing Task 0.63"]
    press(page, "p", "n", "p")  # to the first and back
    press(page, Keys.ESCAPE, "n")
    assert read(page, "chosen") == "Selected: BERT (Method)"
    press(page, "r")
    assert spans(page)[0] == "BERT models Method" and "changed" in read(page, "place")
    press(page, "2", Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, "x")
    assert spans(page) == ["BERT models Task"]
    press(page, Keys.ESCAPE, Keys.ARROW_RIGHT, "1", Keys.ARROW_RIGHT)
    assert spans(page) == ["We Method", "BERT models Task"]
    assert read(page, "chosen").startswith("Selected: train. Press a class")
    press(page, Keys.ENTER)
    saved(page)
    assert kept(server) == {"d#0": [["We", "Method"], ["BERT models", "Task"]]}
    assert read(page, "count") == "1 of 3 done" and "d#0" not in read(page, "place")
    press(page, Keys.ENTER, Keys.ENTER)
    assert "All sentences are done" in read(page, "chosen")
    WebDriverWait(page, 10).until(lambda _: len(kept(server)) == 3)
    assert server.decisions.work.next in read(page, "next")
    if server.decisions.work.batch:
        from sciner.results.people import PeopleFolder

        folder = PeopleFolder(server.decisions.work.run)
        found = take_in(folder, [str(server.decisions.work.file)], LABELS, None)
        assert found == ({"answers": 3}, [])
        assert all(given[""].seconds is not None for given in folder.answers().values())


def test_everything_can_be_undone_and_is_where_it_was_left(page: Any, server: ReviewServer) -> None:
    press(page, "x", Keys.ENTER, "x")
    saved(page)
    press(page, "u", "u")
    ActionChains(page).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    WebDriverWait(page, 10).until(lambda d: not saving(d))
    assert spans(page) == ["BERT Method 0.90", "parsing Task 0.63"] and kept(server) == {}
    press(page, "u")
    assert read(page, "chosen") == "There is nothing to undo."
    press(page, Keys.ENTER, "x")
    left = read(page, "place"), spans(page)
    WebDriverWait(page, 10).until(lambda _: not saving(page))
    start(page, server)
    assert (read(page, "place"), spans(page)) == left and read(page, "count") == "1 of 3 done"


def saving(page: Any) -> bool:
    return read(page, "saved") == "saving …"


def test_a_mouse_is_enough(page: Any, server: ReviewServer) -> None:
    tokens = page.find_elements(By.CSS_SELECTOR, ".token")
    right = tokens[1].rect["x"] - tokens[0].rect["x"]
    ActionChains(page).click_and_hold(tokens[0]).move_by_offset(right, 0).release().perform()
    assert read(page, "chosen").startswith("Selected: We train.")
    page.find_element(By.CSS_SELECTOR, "[data-label=Method]").click()
    assert spans(page)[0] == "We train Method"
    page.find_elements(By.CSS_SELECTOR, "#text mark .token")[-1].click()
    pressed = page.find_element(By.CSS_SELECTOR, "[aria-pressed=true]")
    assert pressed.get_attribute("data-label") == "Task"
    page.find_element(By.CSS_SELECTOR, "[data-key=x]").click()
    assert spans(page) == ["We train Method", "BERT Method 0.90"]
    press(page, "u")  # keys go on where the mouse was
    assert len(spans(page)) == 3
    page.find_element(By.CSS_SELECTOR, "[data-key=Enter]").click()
    saved(page)
    assert kept(server)["d#0"] == [["We train", "Method"], ["BERT", "Method"], ["parsing", "Task"]]


@only
def test_a_finger_selects_words_and_spans(page: Any, server: ReviewServer) -> None:
    start(page, server, 390)
    for place, told in ((0, "Selected: We. Press a class"), (2, "Selected: BERT (Method)")):
        actions = ActionBuilder(page, mouse=PointerInput(interaction.POINTER_TOUCH, "finger"))
        token = page.find_element(By.CSS_SELECTOR, f".token[data-i='{place}']")
        actions.pointer_action.move_to(token).pointer_down().pointer_up()
        actions.perform()
        assert told in read(page, "chosen")
        page.find_element(By.CSS_SELECTOR, "[data-label=Task]").click()
    assert spans(page) == ["We Task", "BERT Task", "parsing Task 0.63"]


@only
def test_a_suspected_label_error_is_said_and_one_key_corrects_it(page: Any) -> None:
    assert "Suspected wrong boundary: BERT (Method), probability 0.13" in read(page, "notes")
    press(page, "s")
    assert spans(page) == ["BERT models Method", "parsing Task 0.63"]
    assert "Removed: BERT (Method)\nAdded: BERT models (Method)" in read(page, "notes")
    press(page, "j")
    assert not page.find_element(By.ID, "suggest").is_displayed()


@only
def test_filters_leave_what_they_name(page: Any) -> None:
    def shown() -> str:
        return read(page, "place").split(":")[0]

    assert shown() == "Sentence 1 of 3"
    press(page, "/")
    assert page.switch_to.active_element.get_attribute("name") == "state"
    page.find_element(By.NAME, "to").send_keys("0.5")
    assert shown() == "Sentence 1 of 1" and "d#1" in read(page, "place")
    press(page, "1", Keys.BACKSPACE, Keys.ESCAPE)  # what is typed is no command
    assert page.execute_script("return text.contains(document.activeElement)")
    page.find_element(By.NAME, "to").clear()
    Select(page.find_element(By.NAME, "class")).select_by_value("Method")
    assert shown() == "Sentence 1 of 1" and "d#0" in read(page, "place")
    Select(page.find_element(By.NAME, "class")).select_by_value("")
    Select(page.find_element(By.NAME, "state")).select_by_value("open")
    page.find_element(By.CSS_SELECTOR, "[data-key=Enter]").click()
    assert shown() == "Sentence 1 of 2" and "d#0" not in read(page, "place")
    page.find_element(By.NAME, "suspects").click()
    assert shown() == "Sentence not among the 0 that fit"


@only
def test_help_shows_the_keys_and_gives_the_focus_back(page: Any) -> None:
    press(page, "?")
    assert page.find_element(By.ID, "help").is_displayed()
    press(page, "x")  # no command while it is open
    press(page, "?")
    assert not page.find_element(By.ID, "help").is_displayed() and len(spans(page)) == 2
    press(page, "?", Keys.ESCAPE, "x")
    assert not page.find_element(By.ID, "help").is_displayed() and len(spans(page)) == 1


@only
def test_a_second_tab_is_told_and_neither_loses_anything(page: Any, server: ReviewServer) -> None:
    first = page.current_window_handle
    page.switch_to.new_window("tab")
    start(page, server)
    warned = "open in another tab too"
    WebDriverWait(page, 10).until(lambda d: warned in read(d, "warning"))
    press(page, "x")
    saved(page)
    shown = spans(page)
    page.switch_to.window(first)
    assert warned in read(page, "warning")
    WebDriverWait(page, 10).until(lambda d: spans(d) == shown)  # what the other one did
    page.execute_script("window.BroadcastChannel.prototype.postMessage = () => {}")
    press(page, "x")  # of which the other one does not hear, as in another browser
    saved(page)
    page.switch_to.window(page.window_handles[1])
    press(page, "1")
    WebDriverWait(page, 10).until(lambda d: "Another tab has changed d#0" in read(d, "warning"))
    assert spans(page) == []
    page.close()
    page.switch_to.window(first)
    WebDriverWait(page, 10).until(lambda d: warned not in read(d, "warning"))


@only
def test_what_is_not_saved_is_said_and_sent_again(page: Any, server: ReviewServer) -> None:
    page.execute_script("window.kept = window.fetch; window.fetch = () => Promise.reject()")
    press(page, "x", Keys.ENTER)
    WebDriverWait(page, 10).until(lambda d: "does not answer" in read(d, "warning"))
    WebDriverWait(page, 10).until(lambda d: read(d, "saved") == "not saved")
    assert kept(server) == {}
    page.execute_script("window.fetch = window.kept")
    WebDriverWait(page, 10).until(lambda d: len(kept(server)) == 1)
    saved(page)
    assert not page.find_element(By.ID, "warning").is_displayed()


@only
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everyone_can_read_it(page: Any, server: ReviewServer, width: int, scheme: str) -> None:
    """Nothing hangs over the edge, the focus is seen, and axe-core, where there is one, finds
    nothing (SCINER_AXE names its axe.min.js)."""
    start(page, server, width, scheme)
    press(page, "n")
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    focused = page.switch_to.active_element
    assert focused.tag_name == "mark" and focused.value_of_css_property("outline-width") == "3px"
    for key in ("", "?"):
        press(page, key)
        check_accessibility(page)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_at_once_and_says_what_to_type_next(
    tmp_path: Path, how: signal.Signals
) -> None:
    waiting_run(tmp_path)
    words = [sys.executable, "-m", "sciner", "review", ".", "--annotator", "anna"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout
        assert command.stdout.readline() == "batch of round 1: 0 of 3 sentences are done\n"
        assert command.stdout.readline().startswith("http://127.0.0.1:")
        command.send_signal(how)
        assert command.wait(2) == 0
        assert command.stdout.read() == "\n0 of 3 sentences are done\n"
