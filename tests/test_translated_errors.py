"""Everything that is raised, reported or shown has its text, and every text is used.

The sources are read, not run: an error that no test provokes must be translated, too.
"""

import ast
from collections.abc import Iterator
from importlib import import_module
from string import Formatter
from typing import Any

from homeassistant.helpers.entity import EntityDescription
import pytest

from custom_components.mkr1000_ota import PLATFORMS, errors as problems
from custom_components.mkr1000_ota.arduino_ota import errors
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import SENTENCES, Reason
from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Verdict
from custom_components.mkr1000_ota.arduino_ota.sketch.refusals import _SENTENCES as REFUSALS
from custom_components.mkr1000_ota.const import StorageKind
from custom_components.mkr1000_ota.install.outcome import _ISSUES as OUTCOMES
from tests.test_quality import ENGLISH, ICONS, INTEGRATION

TREES = {path.relative_to(INTEGRATION).as_posix(): ast.parse(path.read_text()) for path in INTEGRATION.rglob("*.py")}

# Where a problem of one file is found, and not of a source as a whole.
ONE_FILE = tuple(f"arduino_ota/firmware/{name}.py" for name in ("folder", "description", "directory", "integrity"))
TRANSLATED = {"HomeAssistantError", "ServiceValidationError", "UpdateFailed", "ConfigEntryError", "ConfigEntryNotReady"}


def fields(sentence: str) -> set[str]:
    """Return the placeholders of a sentence."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


CALLS = {
    file: [(ast.unparse(node.func).rpartition(".")[2], node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for file, tree in TREES.items()
}


def calls(*names: str, within: tuple[str, ...] = tuple(TREES)) -> Iterator[ast.Call]:
    """Return the calls of functions, by the last part of their names."""
    return (node for file in within for name, node in CALLS[file] if name in names)


def reasons(*names: str, within: tuple[str, ...] = tuple(TREES)) -> dict[Reason, set[str]]:
    """Return the reasons that calls are given, with the placeholders that they are given for each."""
    found: dict[Reason, set[str]] = {}
    for call in calls(*names, within=within):
        for argument in call.args:
            if isinstance(argument, ast.Attribute) and ast.unparse(argument.value) == "Reason":
                given = {keyword.arg for keyword in call.keywords if keyword.arg}
                found.setdefault(Reason[argument.attr], set()).update(given)
    return found


def constants(*nodes: ast.AST | None) -> set[str]:
    """Return the texts in expressions."""
    return {
        leaf.value
        for node in nodes
        if node is not None
        for leaf in ast.walk(node)
        if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
    }


SIGNATURE = {reason for reason in Reason if reason in reasons("SignatureRefused", "_decode", "_lines", "_check")}
SOURCE = {reason for reason in Reason if reason not in SIGNATURE}
OFFERED_NOT = {
    **{f"finding_{reason}": fields(sentence) for reason, sentence in REFUSALS.items()},
    **{
        f"finding_{reason}": fields(SENTENCES[reason])
        for reason in (reasons("of").keys() | reasons("SourceError", within=ONE_FILE).keys())
        if "file" in (reasons("of", "SourceError")[reason] | fields(SENTENCES[reason]))
    },
}

SERVERS = tuple(f"arduino_ota/firmware/{name}.py" for name in ("fetcher", "manifest", "github"))
# A repository whose name cannot be one is never asked.
SERVER_FAILS = {
    f"server_{reason}": fields(SENTENCES[reason]) | {"server", "boards"}
    for reason in reasons("SourceError", within=SERVERS)
    if reason is not Reason.BAD_REPOSITORY
}


def exceptions() -> dict[str, set[str]]:
    """Return the keys of everything that can be raised, with the placeholders that come with it."""
    found: dict[str, set[str]] = {f"verdict_{verdict}": {"board", "version"} for verdict in Verdict}
    for verdict in (Verdict.FLASHED, Verdict.WITHOUT_OTA):
        del found[f"verdict_{verdict}"]
    for refusal, sentence in REFUSALS.items():
        found[f"sketch_{refusal}"] = fields(sentence) | {"file"}
    for reason in SOURCE:
        found[f"source_{reason}"] = fields(SENTENCES[reason])
    for reason in SIGNATURE:
        found[f"signature_{reason}"] = fields(SENTENCES[reason]) | {"file"}
    for call in calls("problem", "mistake"):
        match call.args:
            case [ast.Constant(value=str(key))]:
                found[key] = {keyword.arg for keyword in call.keywords if keyword.arg}
    return found


BOARD_ERRORS = [
    errors.UploadCut(1, 2),
    errors.UploadStalled(1, 2, 3.0),
    errors.UploadRejected(414),
    *(
        kind()
        for kind in (
            errors.BoardUnreachable,
            errors.BoardSilent,
            errors.NotABoard,
            errors.WrongPassword,
            errors.StorageFailed,
            errors.SketchTooLarge,
            errors.AnswerLost,
        )
    ),
]


def test_everything_that_is_raised_has_its_text() -> None:
    raised = exceptions()
    of_boards = [problems.board_problem(error, "Garden") for error in BOARD_ERRORS]
    used = raised.keys() | {str(error.translation_key) for error in of_boards}
    assert used == set(ENGLISH["exceptions"])
    for key, given in raised.items():
        assert fields(ENGLISH["exceptions"][key]["message"]) <= given, key


@pytest.mark.parametrize("error", BOARD_ERRORS, ids=lambda error: type(error).__name__)
def test_what_a_board_does_is_told_with_all_that_is_known(error: errors.BoardError) -> None:
    problem = problems.board_problem(error, "Garden")
    words = ENGLISH["exceptions"][problem.translation_key]["message"]
    assert fields(words) == (problem.translation_placeholders or {}).keys()


def test_nothing_is_raised_in_english_only() -> None:
    for call in calls(*TRANSLATED):
        given = {keyword.arg for keyword in call.keywords}
        assert given >= {"translation_domain", "translation_key"}, ast.unparse(call)


def test_every_issue_has_its_text() -> None:
    reported: dict[str, set[str]] = {str(outcome): {"board", "host", "version"} for outcome in OUTCOMES}
    reported |= {str(outcome): {"board", "version", "previous"} for outcome in OUTCOMES if outcome not in [*Verdict]}
    reported |= OFFERED_NOT | SERVER_FAILS
    for call in calls("async_create_issue"):
        given = {str(keyword.arg): keyword.value for keyword in call.keywords}
        match given["translation_key"], given["translation_placeholders"]:
            case ast.Constant(value=str(key)), ast.Dict(keys=keys):
                reported[key] = constants(*keys)
            case ast.Constant() as key, _:
                pytest.fail(f"the placeholders of {ast.unparse(key)} cannot be read")
    assert set(reported) == set(ENGLISH["issues"])
    for key, words in ENGLISH["issues"].items():
        assert _all_fields(words) <= reported[key] | ({"file"} if key in OFFERED_NOT else set()), key


def _all_fields(tree: dict[str, Any] | str) -> set[str]:
    if isinstance(tree, str):
        return fields(tree)
    return set().union(*(_all_fields(value) for value in tree.values()))


OPTIONS = ("options_flow.py",)
FLOWS = {"config": tuple(file for file in TREES if file not in (*OPTIONS, "repairs.py")), "options": OPTIONS}
# What Home Assistant's own base class shows or ends with.
FROM_HOME_ASSISTANT = {"already_in_progress", "reconfigure_successful", "reauth_successful"}


def steps_of(flow: str) -> set[str]:
    """Return the steps of a flow that show something, forms with several faces as often."""
    named = {
        name
        for call in calls("async_show_form", "async_show_menu", "_form", "_server", within=FLOWS[flow])
        for name in constants(*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "step_id"))
        if not name.endswith("_")
    }
    aliases = {
        target.id.removeprefix("async_step_")
        for file in FLOWS[flow]
        for node in ast.walk(TREES[file])
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.startswith("async_step_")
    }
    return named | aliases


@pytest.mark.parametrize("flow", FLOWS)
def test_every_step_of_a_flow_has_its_text(flow: str) -> None:
    assert steps_of(flow) == set(ENGLISH[flow]["step"])


@pytest.mark.parametrize("flow", FLOWS)
def test_every_choice_of_a_menu_has_its_text(flow: str) -> None:
    for call in calls("async_show_menu", within=FLOWS[flow]):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        (step,) = constants(given["step_id"])
        assert constants(given["menu_options"]) == set(ENGLISH[flow]["step"][step]["menu_options"])


@pytest.mark.parametrize("flow", FLOWS)
def test_every_end_of_a_flow_has_its_text(flow: str) -> None:
    shown = {"board_unreachable", "board_silent"} if flow == "config" else set()
    for call in calls("async_abort", "async_update_and_abort", "AbortFlow", within=FLOWS[flow]):
        if "config_entries.flow" in ast.unparse(call.func):
            continue  # ends another flow, without a word
        reason = next((keyword.value for keyword in call.keywords if keyword.arg == "reason"), None)
        shown |= constants(reason, *call.args[:1])
    texts = ENGLISH[flow]["abort"].keys()
    assert shown <= texts
    assert texts <= shown | FROM_HOME_ASSISTANT


@pytest.mark.parametrize("flow", FLOWS)
def test_every_error_of_a_flow_has_its_text(flow: str) -> None:
    shown: set[str] = set()
    for file in FLOWS[flow]:
        for node in ast.walk(TREES[file]):
            match node:
                case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="errors"))], value=ast.Constant() as key):
                    shown |= constants(key)
    for call in calls("_form", within=FLOWS[flow]):
        for argument in call.args:
            if isinstance(argument, ast.Dict):
                shown |= constants(*(value for value in argument.values if isinstance(value, ast.Constant)))
    if flow == "config":
        asked = (
            errors.BoardUnreachable,
            errors.BoardSilent,
            errors.NotABoard,
            errors.AnotherBoard,
            errors.WrongPassword,
        )
        shown |= {problems.flow_error(kind()) for kind in asked}
    else:
        shown |= {f"source_{reason}" for reason in SOURCE} | {f"sketch_{reason}" for reason in REFUSALS}
        shown |= {f"signature_{reason}" for reason in SIGNATURE if reason is not Reason.BAD_PUBLIC_KEY}
    refused = {name for call in calls("Refused") for name in constants(*call.args[:1]) if not name.endswith("_")}
    mended = {name for issue in ENGLISH["issues"].values() for name in issue.get("fix_flow", {}).get("error", {})}
    assert shown <= set(ENGLISH[flow]["error"])
    assert set(ENGLISH[flow]["error"]) <= shown | refused
    assert refused <= {*ENGLISH["config"]["error"], *ENGLISH["options"]["error"], *mended}


def descriptions() -> Iterator[tuple[str, EntityDescription]]:
    """Return the entities of every platform."""
    for platform in PLATFORMS:
        for value in vars(import_module(f"custom_components.mkr1000_ota.{platform}")).values():
            for each in value if isinstance(value, tuple) else (value,):
                # Home Assistant makes the classes of its descriptions anew, so that isinstance() knows few of them.
                if type(each).__name__.endswith("Description"):
                    yield platform, each


def test_every_entity_has_a_name_and_an_icon() -> None:
    named: dict[str, set[str]] = {}
    for platform, description in descriptions():
        if description.translation_key is None:
            assert description.device_class is not None, description.key
            continue
        named.setdefault(platform, set()).add(description.translation_key)
        assert ENGLISH["entity"][platform][description.translation_key]["name"]
        assert ICONS["entity"][platform][description.translation_key]["default"]
    assert {platform: set(texts) for platform, texts in ENGLISH["entity"].items()} == named
    assert {platform: set(icons) for platform, icons in ICONS["entity"].items()} == named


def test_every_state_has_its_text() -> None:
    for platform, description in descriptions():
        texts = ENGLISH["entity"].get(platform, {}).get(description.translation_key, {})
        if options := getattr(description, "options", None):
            assert texts["state"].keys() == set(options)
            assert set(ICONS["entity"][platform][description.translation_key].get("state", ())) <= set(options)
        if events := getattr(description, "event_types", None):
            assert texts["state_attributes"]["event_type"]["state"].keys() == set(events)
    assert ENGLISH["selector"]["storage"]["options"].keys() == {kind.value for kind in StorageKind}
