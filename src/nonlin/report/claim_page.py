"""The pages of claims: Markdown and a picture each, and the table that heads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from nonlin.claims.claim import Claim
from nonlin.claims.judging import Judgement
from nonlin.claims.results import Result
from nonlin.report import claim_words as say
from nonlin.report.claim_figure import svg
from nonlin.sources import SOURCES


def pages(judgements: Mapping[int, Judgement], results: Mapping[int, Result]) -> dict[str, str]:
    """Every file of the claims' pages, by name, from the data alone.

    Args:
        judgements: of all claims.
        results: of those that were run.
    """
    files = {"README.md": _table(judgements)}
    told = [say.to_dict(judgement) for judgement in judgements.values()]
    files["verdicts.json"] = json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    for number, judgement in judgements.items():
        claim = judgement.claim
        files[f"{claim.slug}.md"] = _page(judgement, results.get(number))
        if number in results:
            files[f"{claim.slug}.svg"] = svg(claim.picture(results[number].steps))
    return files


def write_pages(
    folder: Path, judgements: Mapping[int, Judgement], results: Mapping[int, Result]
) -> list[Path]:
    """Write the pages into a folder; returns the files."""
    from nonlin.certification.certificate import write

    return [write(folder / name, text) for name, text in pages(judgements, results).items()]


def _table(judgements: Mapping[int, Judgement]) -> str:
    run = [judgement for judgement in judgements.values() if judgement.findings]
    lines = [
        "# What teaching texts say about activation functions, put to the test",
        "",
        f"{len(judgements)} claims of five texts, each an experiment that anyone can run; "
        f"{len(run)} of them have a full run. `nonlin claims` prints this table, "
        "`nonlin claims run N` runs one, `make claims` writes these pages from the data beside "
        "them. What the texts print wrongly is in [errata](../errata.md).",
        "",
        "| | claim | in | verdict | a figure |",
        "| --- | --- | --- | --- | --- |",
    ]
    for number, judgement in judgements.items():
        claim = judgement.claim
        figure = _cell(say.headline(judgement)) if judgement.findings else ""
        lines.append(
            f"| [{number}]({claim.slug}.md) | {_cell(claim.title)} | {' '.join(claim.sources)} | "
            f"{_cell(say.verdict_line(judgement))} | {figure} |"
        )
    lines += ["", *_method(judgements), ""]
    lines += [f"{tag}: {text}." + ("  " if tag != "S5" else "") for tag, text in SOURCES.items()]
    return "\n".join([*lines, ""])


def _method(judgements: Mapping[int, Judgement]) -> list[str]:
    from nonlin.claims.claim import Sampled

    count = sum(isinstance(p, Sampled) for j in judgements.values() for p in j.claim.parts)
    return [
        "A claim is the conjunction of its parts, each with a criterion that was written down "
        "before the run. *Holds*: all parts are confirmed; *holds in part*: some are; *does not "
        "hold*: none is and one at least is refuted; *undecided*: neither, or a control that has "
        "to be seen was not. What is computed is compared with its bounds; what is drawn at random "
        "is decided by paired differences, a t test and two one-sided tests against a margin, as "
        f"in `nonlin compare`. All {count} sampled parts of all claims, run or not, are corrected "
        "together (Holm's step-down with Shaffer's bound), so that the chance of any false verdict "
        "on one of them is at most 5 %. Intervals are 95 % for a difference alone.",
    ]


def _page(judgement: Judgement, result: Result | None) -> str:
    claim = judgement.claim
    first, *others = say.sentences(judgement)
    lines = [
        f"# {claim.number}. {claim.title}",
        "",
        f"> {claim.statement}",
        "",
        f"Sources: {', '.join(f'{tag} ({SOURCES[tag]})' for tag in claim.sources)}.",
        "",
        "**{}**:{} {}".format(*first.split(":", 1), " ".join(others)),
        "",
    ]
    if result is not None:
        lines += [f"![{claim.title}]({claim.slug}.svg)", ""]
    lines += [f"Confirmed by: {claim.confirms}", "", f"Refuted by: {claim.refutes}", ""]
    lines += _parts(judgement)
    lines += [claim.notes, ""] if claim.notes else []
    lines += ["```sh", command(claim), "```", ""]
    if result is not None:
        told = ", ".join(f"{name} {value}" for name, value in result.versions.items())
        lines += [f"Settings: `{json.dumps(result.settings, ensure_ascii=False)}`. Run on {told}."]
        lines += [f"Data: [{claim.slug}.json]({claim.slug}.json).", ""]
    return "\n".join(lines)


def _parts(judgement: Judgement) -> list[str]:
    if not judgement.findings:
        rows = [f"| {_cell(p.name)} | {say.criterion(p)} |" for p in judgement.claim.parts]
        return ["| measured | criterion |", "| --- | --- |", *rows, ""]
    rows = [
        f"| {_cell(f.part.name)} | {say.criterion(f.part)} | {_cell(say.effect(f))} | "
        f"{say.relation(f)} | {f.outcome}{' (control)' if f.part.control else ''} |"
        for f in judgement.findings
    ]
    head = ["| measured | criterion | effect | relation | |", "| --- | --- | --- | --- | --- |"]
    return [*head, *rows, ""]


def command(claim: Claim) -> str:
    """The line that repeats the full run."""
    data = " --data-dir DIR" if claim.needs_data else ""
    return f"nonlin claims run {claim.number} --full{data}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
