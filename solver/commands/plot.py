"""`invasio plot RUN...`: one figure: profiles, maps, a kymograph, the front with its speed, a surface, columns of the series."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._run import add_run, add_times, names, numbers, opened

if TYPE_CHECKING:
    from ...postprocess.run import Run
    from ...postprocess.style import Page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_run(parser, several=True)
    parser.add_argument("--field", type=names, metavar="NAME,...", help="fields (default: all of them; with several runs the cells)")
    add_times(parser)
    parser.add_argument("--along", metavar="LINE", help="along x, y, z (through the middle), or from point to point, e.g. 0,0:100,50")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--kymograph", action="store_true", help="a line over time")
    kind.add_argument("--front", action="store_true", help="position of the front and its speed")
    kind.add_argument(
        "--surface", action="store_true", help="in 3-D: the body, whole and cut open (one run; --times, --level, --view, --cut)"
    )
    kind.add_argument(
        "--cascade", action="store_true", help="how far cells come that entered vessels, where and when metastases show (one run)"
    )
    kind.add_argument("--relapse", action="store_true", help="share without a metastasis that shows, after the end of the run (one run)")
    kind.add_argument("--patients", action="store_true", help="how patients differ that `invasio cascade RUN --patients N` drew (one run)")
    kind.add_argument("--series", type=names, metavar="COLUMN,...", help="columns of series.csv over time")
    parser.add_argument(
        "--level", type=float, metavar="VALUE", help="the field's value: with --front along the line, with --surface (default: the front's)"
    )
    parser.add_argument("--view", type=numbers, metavar="A,E", help="with --surface: degrees around z and above x, y (default: -62,22)")
    parser.add_argument("--cut", choices=["x", "y", "z", "none"], help="with --surface: across which axis it is cut open (default: y)")
    parser.add_argument("--fit", metavar="T:T", help="with --front: fit the speed between these times (default: second half)")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="picture (.png, .pdf, .svg; default: plot-KIND.png in the run's figures)"
    )
    on = parser.add_argument_group("for a journal")
    on.add_argument("--width", type=float, metavar="MM", help="width of the figure, such as 85 (one column) or 180 (two)")
    on.add_argument("--font", metavar="FAMILY", help="family of the type, such as Arial")
    on.add_argument("--font-size", type=float, metavar="PT", help="size of the type (default: 9; with --width 7)")
    on.add_argument("--no-section", dest="section", action="store_false", help="leave out the picture that the mesh was made from")


def main(args: argparse.Namespace) -> int:
    """Draw and print the name of the picture; with --front also the speed."""
    from ...postprocess.foreign import inside
    from ...postprocess.pictures import check_ending, save
    from ...postprocess.style import style

    check_ending(args.out)
    runs = opened(args.runs)
    for run in runs:
        run.need_outputs()
    with style(_page(args)):
        kind, figure = _draw(args, runs)
        print(save(figure, args.out or inside(args.runs[0], f"figures/plot-{kind}.png")))
    return 0


def _draw(args: argparse.Namespace, runs: list[Run]) -> tuple[str, Any]:
    from ...postprocess import cascade, fronts, patients, plot, relapse
    from ...postprocess.faults import WrongRequest
    from ...postprocess.run import labels
    from ...postprocess.times import time_scale
    from ..output.layout import CASCADE

    if (args.view or args.cut) and not args.surface:
        raise WrongRequest(
            "they belong to --surface", code="wrong-arguments", place="--view, --cut", remedy="give --surface, or leave them out"
        )
    if args.surface:
        return "surface", _surface(args, runs)
    if (args.fit or args.level is not None) and not args.front:
        raise WrongRequest(
            "they belong to --front", code="wrong-arguments", place="--fit, --level", remedy="give --front, or leave them out"
        )
    if args.times and (args.front or args.series or args.kymograph):
        raise WrongRequest("it belongs to profiles and maps", code="wrong-arguments", place="--times", remedy="leave it out")
    if args.cascade:
        return "cascade", cascade.figure(runs[0].path / CASCADE)
    if args.relapse:
        return "relapse", relapse.figure(runs[0].path / CASCADE)
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


def _surface(args: argparse.Namespace, runs: list[Run]) -> Any:
    from ...postprocess import plot
    from ...postprocess.faults import WrongRequest
    from ...postprocess.solid.body import Body
    from ...postprocess.solid.figure import AZIMUTH, ELEVATION, figure
    from ...postprocess.times import pick_times

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
    view = args.view or [AZIMUTH, ELEVATION]
    if len(view) != 2 or not -90 < view[1] < 90:
        raise WrongRequest(
            "not two angles, the second between -90 and 90 degrees",
            code="wrong-arguments",
            place="--view",
            remedy="give two, such as -62,22",
        )
    names = plot.fields_of(run, args.field, True) if args.field else None
    steps = plot.steps_of(run, args.times) if args.times else pick_times(run, 3)
    return figure(Body(run, names, args.level), steps, (view[0], view[1]), None if args.cut == "none" else args.cut or "y")


def _page(args: argparse.Namespace) -> Page:
    from ...postprocess.faults import WrongRequest
    from ...postprocess.style import Page, known_font

    for name, value, low, high in (("--width", args.width, 30, 1000), ("--font-size", args.font_size, 3, 40)):
        if value is not None and not low <= value <= high:
            raise WrongRequest(
                f"value out of bounds (given {value:g})", code="out-of-bounds", place=name, remedy=f"allowed: {low} to {high}"
            )
    if args.font and not known_font(args.font):
        raise WrongRequest(
            f"no such font on this machine (given {args.font!r})",
            code="unknown-choice",
            place="--font",
            remedy="allowed: DejaVu Sans and others that `fc-list : family` shows",
        )
    return Page(args.width, args.font, args.font_size, args.section)


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
