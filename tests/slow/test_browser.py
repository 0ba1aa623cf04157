"""The page in a real browser: filters, keys, links, both themes, both widths, no error and no
script of the corpus's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import check_accessibility, press, show, started
from tests.runs import write_run
from tests.specs.test_page import CLASS, NASTY, SCORES, with_sentences

pytestmark = pytest.mark.slow
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select  # noqa: E402

WARNING = "3.1 predicted spans per 100 tokens, where the gold has 9.2: fewer than half"


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    yield from started()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    from sciner.report.compared import compare_runs
    from sciner.report.page import write_page
    from sciner.results.records import records

    place = tmp_path_factory.mktemp("page")
    for kind in ("accept_all", "fixed"):
        write_run(place / "runs" / kind, f"threshold={kind} seed=0", [SCORES, SCORES])
    with_sentences(place / "runs" / "fixed", 2, more=60)
    file = place / "runs" / "accept_all" / "rounds.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    lines[1]["warnings"] = [WARNING]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    write_page(compare_runs(records([place / "runs"])), place / "report", "fixed", place / "store")
    return (place / "report" / "index.html").as_uri()


@pytest.fixture
def page(driver: Any, address: str) -> Iterator[Any]:
    """At its beginning, on a desktop, in the light; and whatever a test did, the console has no
    error."""
    show(driver, address)
    yield driver
    assert [line for line in driver.get_log("browser") if line["level"] == "SEVERE"] == []


def ids(driver: Any) -> list[str]:
    return [one.text for one in driver.find_elements(By.CSS_SELECTOR, "#list .id a")]


def choose(driver: Any, name: str, value: str) -> None:
    Select(driver.find_element(By.NAME, name)).select_by_value(value)


def reset(driver: Any) -> None:
    """The page looks at an emptied form in a turn of its own: wait for it, for a busy machine takes
    its time."""
    driver.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
    driver.execute_async_script("setTimeout(arguments[0])")


def current(driver: Any) -> list[str]:
    return [one.text for one in driver.find_elements(By.CSS_SELECTOR, "#list [aria-current] .id a")]


def count(driver: Any) -> str:
    return str(driver.find_element(By.ID, "count").text)


def test_a_corpus_of_markup_and_scripts_is_shown_as_it_is(page: Any) -> None:
    first = page.find_element(By.CSS_SELECTOR, "#list li")
    assert NASTY[0] in first.text and "onerror=alert(2)>" in first.text and CLASS in first.text
    assert not page.find_elements(By.CSS_SELECTOR, "#list img, #list script, #legend b")
    from selenium.webdriver.support.expected_conditions import alert_is_present

    assert not alert_is_present()(page)


def test_each_filter_leaves_what_it_names(page: Any) -> None:
    assert count(page) == "62 of 62 sentences" and len(ids(page)) == 25
    for name, value, kept in (
        ("kind", "wrong class", ["test/d#0"]),
        ("kind", "error", ["test/d#0"]),
        ("kind", "missed", []),
        ("class", "Task", ["test/d#0"]),
        ("change", "new", ["test/d#0"]),
        ("change", "lost", ["test/d#1"]),
    ):
        choose(page, name, value)
        assert ids(page) == kept, (name, value)
        reset(page)
        assert count(page) == "62 of 62 sentences"
    choose(page, "round", "0")
    choose(page, "kind", "missed")
    assert ids(page) == ["test/d#0"]
    choose(page, "kind", "")
    page.find_element(By.NAME, "to").send_keys("0.6")
    assert ids(page) == ["test/d#1"]  # a span of confidence 0.5
    reset(page)
    choose(page, "part", "silver")
    assert ids(page) == ["train/p#0"] and "silver" in page.find_element(By.ID, "list").text


def test_keys_go_from_sentence_to_sentence_and_over_pages(page: Any) -> None:
    every = ids(page)
    press(page, "j", "j")
    assert current(page) == [every[1]]
    press(page, Keys.ARROW_DOWN, "k", "k", "k")
    assert current(page) == [every[0]]
    press(page, *("j" * 25))
    assert "page 2 of 3" in page.find_element(By.ID, "page").text and current(page) == ids(page)[:1]
    press(page, "/")
    press(page, "PLAIN", "j")  # what is typed is no command
    assert page.find_element(By.NAME, "q").get_attribute("value") == "PLAINj"
    press(page, Keys.BACKSPACE, Keys.ESCAPE)
    assert ids(page) == ["test/d#1"]
    press(page, "j")
    assert current(page) == ["test/d#1"]


def test_an_address_shows_the_same_to_someone_else(page: Any, address: str) -> None:
    choose(page, "round", "0")
    page.find_element(By.NAME, "q").send_keys("more 4")
    press(page, Keys.ESCAPE, "j", "j")
    seen, link = (ids(page), current(page)), page.current_url
    assert seen[1] == ["test/m#4"] or len(seen[1]) == 1
    show(page, link)
    assert (ids(page), current(page)) == seen
    show(page, f"{address}#browse?round=99&kind=nonsense&s=gone")  # what is not there is left out
    assert count(page) == "62 of 62 sentences"
    page.execute_script("location.hash = '#browse?kind=wrong+class'")
    assert page.execute_async_script("setTimeout(arguments[0])") is None and ids(page) == [
        "test/d#0"
    ]


def test_a_phone_shows_warnings_whole_and_a_shadow_where_a_table_scrolls(
    page: Any, address: str
) -> None:
    show(page, address, 390)
    cells = page.find_elements(By.CSS_SELECTOR, "#warnings td")
    assert cells[-1].text.endswith(WARNING)
    assert all(cell.rect["x"] + cell.rect["width"] <= 390 for cell in cells)
    wide = page.find_element(By.CSS_SELECTOR, "#answer .wide")
    assert wide.get_property("scrollWidth") > wide.get_property("clientWidth")
    assert "scroll" in wide.value_of_css_property("background-attachment")
    assert page.find_element(By.CLASS_NAME, "phone").is_displayed()
    show(page, address)
    assert not page.find_element(By.CLASS_NAME, "phone").is_displayed()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everyone_can_read_it(page: Any, address: str, width: int, scheme: str) -> None:
    """On a desktop and a phone, in the light and the dark: nothing hangs over the edge, and
    axe-core, where there is one, finds nothing (SCINER_AXE names its axe.min.js)."""
    show(page, address, width, scheme)
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    dark = (
        page.execute_script("return getComputedStyle(document.body).backgroundColor")
        == "rgb(22, 24, 27)"
    )
    assert dark == (scheme == "dark")
    check_accessibility(page)
