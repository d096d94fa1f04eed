"""`invasio plot RUN...`: one figure: profiles, maps, a kymograph, the front with its speed, a surface, columns of the series."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._run import add_run, add_times, names, opened

if TYPE_CHECKING:
    from ...postprocess.run import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_run(parser, several=True)
    parser.add_argument("--field", type=names, metavar="NAME,...", help="fields (default: all of them; with several runs the cells)")
    add_times(parser)
    parser.add_argument("--along", metavar="LINE", help="along x, y, z (through the middle), or from point to point, e.g. 0,0:100,50")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--kymograph", action="store_true", help="a line over time")
    kind.add_argument("--front", action="store_true", help="position of the front and its speed")
    kind.add_argument("--surface", action="store_true", help="in 3-D: where a field exceeds a value, cut open (one run; --times, --level)")
    kind.add_argument(
        "--cascade", action="store_true", help="how far cells come that entered vessels, where and when metastases show (one run)"
    )
    kind.add_argument("--patients", action="store_true", help="how patients differ that `invasio cascade RUN --patients N` drew (one run)")
    kind.add_argument("--series", type=names, metavar="COLUMN,...", help="columns of series.csv over time")
    parser.add_argument("--level", type=float, metavar="VALUE", help="the field's value: with --front along the line, with --surface")
    parser.add_argument("--fit", metavar="T:T", help="with --front: fit the speed between these times (default: second half)")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="picture (.png, .pdf, .svg; default: plot-KIND.png in the run's figures)"
    )


def main(args: argparse.Namespace) -> int:
    """Draw and print the name of the picture; with --front also the speed."""
    from ...postprocess.foreign import inside
    from ...postprocess.pictures import check_ending, save
    from ...postprocess.style import style

    check_ending(args.out)
    runs = opened(args.runs)
    for run in runs:
        run.need_outputs()
    if args.surface:
        print(_surface(args, runs))
        return 0
    with style():
        kind, figure = _draw(args, runs)
        print(save(figure, args.out or inside(args.runs[0], f"figures/plot-{kind}.png")))
    return 0


def _draw(args: argparse.Namespace, runs: list[Run]) -> tuple[str, Any]:
    from ...postprocess import cascade, fronts, patients, plot
    from ...postprocess.faults import WrongRequest
    from ...postprocess.run import labels
    from ...postprocess.style import time_scale
    from ..output.layout import CASCADE

    if (args.fit or args.level is not None) and not args.front:
        raise WrongRequest(
            "they belong to --front", code="wrong-arguments", place="--fit, --level", remedy="give --front, or leave them out"
        )
    if args.times and (args.front or args.series or args.kymograph):
        raise WrongRequest("it belongs to profiles and maps", code="wrong-arguments", place="--times", remedy="leave it out")
    if args.cascade:
        return "cascade", cascade.figure(runs[0].path / CASCADE)
    if args.patients:
        return "patients", patients.figure(runs[0].path / CASCADE)
    if args.series:
        return "series", plot.series(runs, args.series)
    plot.told_apart(runs)
    if args.front:
        name = args.field[0] if args.field else None
        found = [fronts.front(run, name, args.level, args.along, runs[0]) for run in runs]
        window = [time and time * time_scale(runs[0])[0] for time in _window(args.fit)]
        lines = [fronts.fit(front, *window) for front in found]
        for label, front, line in zip(labels(runs), found, lines, strict=True):
            print((f"{label}: " if len(runs) > 1 else "") + fronts.sentence(front, line))
        return "front", plot.fronts(runs, found, list(lines))
    if args.kymograph:
        return "kymograph", plot.kymograph(runs, args.field, args.along or "x")
    if args.along or runs[0].dim == 1:
        return "profiles", plot.profiles(runs, args.field, args.times, args.along or "x")
    return "maps", plot.maps(runs, args.field, args.times)


def _surface(args: argparse.Namespace, runs: list[Run]) -> Path:
    from ...postprocess import plot, still
    from ...postprocess.faults import WrongRequest
    from ...postprocess.foreign import inside

    run = runs[0]
    if len(runs) > 1 or run.dim != 3:
        raise WrongRequest(
            "it shows one run in 3-D" + (f"; {run.path} is a run in {run.dim}-D" if run.dim != 3 else ""),
            code="wrong-dimension",
            place="--surface",
            remedy="name one run in 3-D",
        )
    if args.fit or args.along:
        raise WrongRequest("they do not belong to --surface", code="wrong-arguments", place="--fit, --along", remedy="leave them out")
    picture: Path = args.out or inside(run.path, "figures/plot-surface.png")
    if picture.suffix.lower() != ".png":
        raise WrongRequest(
            "--surface writes .png only", code="unknown-format", place=str(picture), remedy="choose a name that ends in .png"
        )
    name = plot.fields_of(run, args.field, True)[0]
    steps = plot.steps_of(run, args.times) if args.times else [-1]
    picture.parent.mkdir(parents=True, exist_ok=True)
    if still.draw(run, name, picture.resolve(), args.level, steps) is None:
        raise WrongRequest(
            "this picture needs PyVista, and a screen or xvfb-run",
            code="missing-package",
            place="--surface",
            remedy="`./invasio env build test` brings both",
        )
    return picture


def _window(text: str | None) -> tuple[float | None, float | None]:
    from ...postprocess.faults import WrongRequest

    if text is None:
        return None, None
    try:
        first, last = (float(word) if word else None for word in text.split(":"))
    except ValueError:
        raise WrongRequest(
            "not two times",
            code="wrong-arguments",
            place=f"--fit {text}",
            remedy="give two times, such as 10:20 (one of them may be left out)",
        ) from None
    return first, last
