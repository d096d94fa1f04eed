"""The standard views of a run in ParaView. `invasio paraview` copies this file into the run folder and fills in RUN.

    paraview --script=views.py              opens them
    pvbatch views.py --render [TIME ...]    draws stills into figures/ (without a screen: xvfb-run -a pvbatch ...)

It may be edited; the folder may be moved.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from paraview import simple as pv

RUN: dict[str, Any] = {}

INK, PALE = [0.1, 0.1, 0.1], [0.75, 0.75, 0.75]  # all other colours are those of the figures, in RUN
PIXELS = (800, 640)  # of one view in a still


def here() -> str:
    """The folder of this script: the run folder. ParaView's own window does not say where a script is, but starts in the folder."""
    return os.path.dirname(os.path.abspath(__file__)) if "__file__" in globals() else os.getcwd()


def build() -> tuple[Any, list[int]]:
    """Read the file and set up the views; returns the layout that holds them and its size in pixels."""
    pv._DisableFirstRenderCameraReset()
    reader = pv.OpenDataFile(os.path.join(here(), RUN["file"]))
    pv.RenameSource(RUN["name"], reader)
    reader.UpdatePipeline()
    surface = None
    if RUN["membranes"] and RUN["dim"] > 1:
        surface = pv.OpenDataFile(os.path.join(here(), RUN["membranes"]))
        pv.RenameSource("membranes", surface)
        surface.UpdatePipeline()
    views = [chart(reader)] if RUN["dim"] == 1 else maps(reader, surface)
    layout, size = arrange(views)
    pv.SetActiveView(views[0])
    pv.SetActiveSource(reader)
    return layout, size


def maps(reader: Any, surface: Any) -> list[Any]:
    """One view per field, one of the invaded region and one of the membranes, with outlines of the regions, seen by one camera."""
    marks = outlines(reader) if RUN["dim"] == 2 else [pv.Outline(Input=reader)]
    body = reader
    if RUN["dim"] == 3:
        body = pv.Clip(Input=reader, ClipType="Plane")
        body.ClipType.Origin = middle(reader)
        body.ClipType.Normal = [0.0, -1.0, 0.0]
        pv.RenameSource("far half", body)
    views = []
    for panel in RUN["panels"]:
        view = new_view(panel["field"])
        display = pv.Show(body, view)
        paint(display, view, panel)
        views.append(view)
    if RUN["fronts"]:
        views.append(bodies(reader))
    if RUN["invaded"]:
        views.append(invaded(reader))
    if surface is not None:
        views.append(integrity(surface))
    label = pv.AnnotateTime(Format="t = {time:g}" + RUN["time_unit"])  # the filter of this name shows the time before, with this reader
    pv.RenameSource("time", label)
    write(pv.Show(label, views[0]), "Upper Left Corner")
    dark = [panel["kind"] != "ecm" for panel in RUN["panels"]] + [False] * (bool(RUN["invaded"]) + bool(RUN["fronts"]))
    dark += [True] * (len(views) - len(dark))  # nothing over the membranes
    vessels = walls()
    for view, on_dark in zip(views, dark, strict=True):
        for mark in marks:
            shown = pv.Show(mark, view)
            plain(shown, INK if RUN["dim"] == 2 and not on_dark else PALE)
            shown.LineWidth = 1.5 if RUN["dim"] == 2 else 1.0
        for wall, colour in vessels:
            shown = pv.Show(wall, view)
            plain(shown, colour)
            shown.LineWidth = 4.0
        look_at(view, reader)
    for index, view in enumerate(views[1:]):
        pv.AddCameraLink(views[0], view, f"camera {index + 1}")
    return views


def walls() -> list[tuple[Any, list[float]]]:
    """The wall of every vessel with its colour: blood vermilion, lymph green."""
    if not RUN["walls"]:
        return []
    every = pv.OpenDataFile(os.path.join(here(), RUN["vessels"]))
    pv.RenameSource("vessels", every)
    every.UpdatePipeline()
    found = []
    for number, (name, carries) in enumerate(RUN["walls"]):
        wall = pv.Threshold(Input=every)
        wall.Scalars = ["CELLS", "region"]
        wall.LowerThreshold, wall.UpperThreshold = number - 0.5, number + 0.5
        pv.RenameSource(f"{carries} vessel {name}", wall)
        found.append((wall, RUN["vessel_colours"][carries]))
    return found


def integrity(surface: Any) -> Any:
    """The membranes alone, coloured by integrity: dark where they are whole, bright where they are gone."""
    view = new_view("integrity of " + ", ".join(RUN["membrane_names"]), titled=True)
    display = pv.Show(surface, view)
    display.LineWidth = 6.0
    display.DisableLighting = int(RUN["dim"] == 2)
    pv.ColorBy(display, ("POINTS", "integrity"))
    colours = pv.GetColorTransferFunction("integrity")
    colours.AutomaticRescaleRangeMode = "Never"
    colours.ColorSpace = "RGB"
    colours.RGBPoints = [x for point in RUN["integrity"] for x in point]  # the breach has an edge
    colours.Discretize = 0
    legend(display, view, colours, "integrity")
    return view


def bodies(reader: Any) -> Any:
    """In 3-D the surfaces at which kinds of cells reach the density of their fronts, where the density passes it, not cell by cell."""
    view = new_view("fronts", titled=True)
    for front in RUN["fronts"]:
        surface = pv.Contour(Input=reader, ContourBy=["POINTS", front["field"]], Isosurfaces=[front["above"]])
        pv.RenameSource(f"front of {front['field']}", surface)
        display = pv.Show(surface, view)
        plain(display, front["colour"])
        if RUN["walls"]:
            display.Opacity = 0.6
    return view


def invaded(reader: Any) -> Any:
    """Where the cells are denser than the level that defines the front, coloured by region; cut at the level, not cell by cell."""
    view = new_view(RUN["invaded"]["label"], titled=True)
    part, rest = (cut(reader, invert) for invert in (0, 1))
    pv.RenameSource("invaded region", part)
    display = pv.Show(part, view)
    display.DisableLighting = int(RUN["dim"] == 2)
    pv.ColorBy(display, ("CELLS", "region"))
    colours = pv.GetColorTransferFunction("region")
    colours.InterpretValuesAsCategories = 1
    colours.Annotations = [text for number, name in enumerate(RUN["regions"]) for text in (str(number), name)]
    colours.IndexedColors = [c for k in range(len(RUN["regions"])) for c in RUN["lines"][k % len(RUN["lines"])]]
    legend(display, view, colours, "region").TextPosition = "Ticks left/bottom, annotations right/top"
    tissue = pv.Show(rest, view)
    plain(tissue, [0.88, 0.88, 0.88])
    tissue.DisableLighting = int(RUN["dim"] == 2)
    tissue.Opacity = 0.15 if RUN["dim"] == 3 else 1.0
    return view


def cut(reader: Any, invert: int) -> Any:
    """The part of the tissue above the front's level (``invert`` 0) or below it."""
    part = pv.Clip(Input=reader, ClipType="Scalar")
    part.Scalars = ["POINTS", RUN["invaded"]["field"]]
    part.Value, part.Invert = RUN["invaded"]["above"], invert
    return part


def outlines(reader: Any) -> list[Any]:
    """The border of every region, as lines."""
    found = []
    for number, name in enumerate(RUN["regions"]):
        region = pv.Threshold(Input=reader)
        region.Scalars = ["CELLS", "region"]
        region.LowerThreshold, region.UpperThreshold = number - 0.5, number + 0.5
        pv.RenameSource(name, region)
        edges = pv.FeatureEdges(Input=pv.ExtractSurface(Input=region), BoundaryEdges=1, FeatureEdges=0, ManifoldEdges=0, NonManifoldEdges=0)
        edges.Coloring = 0
        pv.RenameSource("outline of " + name, edges)
        found.append(edges)
    return found


def chart(reader: Any) -> Any:
    """In one dimension: all fields over x."""
    left, right = reader.GetDataInformation().GetBounds()[:2]
    line = pv.PlotOverLine(Input=reader, Point1=[left, 0.0, 0.0], Point2=[right, 0.0, 0.0], Resolution=2000)
    view = pv.CreateView("XYChartView")
    view.ChartTitle = RUN["name"] + ", t = ${TIME}" + RUN["time_unit"]
    view.BottomAxisTitle = f"x ({RUN['length']})" if RUN["length"] else "x"
    display = pv.Show(line, view, "XYChartRepresentation")
    display.UseIndexForXAxis = 0
    display.XArrayName = "Points_X"
    names = [panel["field"] for panel in RUN["panels"]]
    display.SeriesVisibility = names
    display.SeriesLabel = [text for name in names for text in (name, name)]
    display.SeriesColor = [text for k, name in enumerate(names) for text in (name, *map(str, RUN["lines"][k % len(RUN["lines"])]))]
    display.SeriesLineThickness = [text for name in names for text in (name, "3")]
    view.LeftAxisUseCustomRange = 1
    view.LeftAxisRangeMinimum, view.LeftAxisRangeMaximum = 0.0, 1.05 * max(panel["high"] for panel in RUN["panels"])
    return view


def new_view(title: str, titled: bool = False) -> Any:
    """A white view; the colour bar says what is shown, or else a title."""
    view = pv.CreateRenderView()
    pv.RenameView(title, view)
    if titled:
        write(pv.Show(pv.Text(Text=title), view), "Upper Left Corner")
    view.UseColorPaletteForBackground = 0
    view.Background = [1.0, 1.0, 1.0]
    view.OrientationAxesVisibility = int(RUN["dim"] == 3)
    return view


def paint(display: Any, view: Any, panel: dict[str, Any]) -> None:
    """Colour by a field, on one scale for all times; a root scale where the field thins out, so that late times are visible."""
    display.DisableLighting = 1
    pv.ColorBy(display, ("POINTS", panel["field"]))
    colours = pv.GetColorTransferFunction(panel["field"])
    colours.AutomaticRescaleRangeMode = "Never"
    colours.ColorSpace = "RGB"
    low, high = panel["low"], panel["high"]
    samples = RUN["colours"][panel["kind"]]
    shares = [k / (len(samples) - 1) for k in range(len(samples))]
    places = [low + (high - low) * (share**3 if panel["root"] else share) for share in shares]
    colours.RGBPoints = [x for at, colour in zip(places, samples, strict=True) for x in (at, *colour)]
    colours.Discretize = 0
    legend(display, view, colours, panel["field"])


def legend(display: Any, view: Any, colours: Any, title: str) -> Any:
    """The colour bar of a view, at its right."""
    display.SetScalarBarVisibility(view, True)
    bar = pv.GetScalarBar(colours, view)
    bar.TitleColor = bar.LabelColor = INK
    bar.Title, bar.ComponentTitle = title, ""
    bar.ScalarBarThickness, bar.ScalarBarLength = 12, 0.5
    bar.AddRangeLabels = 0
    bar.WindowLocation = "Any Location"
    bar.Position = [0.87, 0.25]
    bar.TitleFontSize = bar.LabelFontSize = 14
    return bar


def plain(display: Any, colour: list[float]) -> None:
    """One colour instead of a field."""
    display.ColorArrayName = ["POINTS", ""]
    display.AmbientColor = display.DiffuseColor = colour


def write(text: Any, place: str) -> None:
    """How text in a view looks."""
    text.Color, text.FontSize, text.WindowLocation = INK, 16, place


def look_at(view: Any, reader: Any) -> None:
    """In 2-D from above (from below where y runs downwards, as in pictures); in 3-D obliquely."""
    size, centre = extent(reader), middle(reader)
    width, height = (size[0], size[1]) if RUN["dim"] == 2 else (1.2 * size[0] + 0.5 * size[1], 1.1 * size[2] + 0.5 * size[1])
    half = 0.54 * max(height, width * PIXELS[1] / (0.84 * PIXELS[0]))
    aside = 0.08 * 2 * half * PIXELS[0] / PIXELS[1]  # room for the colour bar
    view.CameraParallelProjection = 1
    view.CameraParallelScale = half
    if RUN["dim"] == 2:
        side = -1.0 if RUN["y_down"] else 1.0
        view.InteractionMode = "2D"
        direction, up = [0.0, 0.0, side], [0.0, side, 0.0]
    else:
        direction, up = [0.4, -0.85, 0.35], [0.0, 0.0, 1.0]
    centre[0] += aside
    view.CameraFocalPoint = centre
    view.CameraPosition = [c + 5 * max(size) * d for c, d in zip(centre, direction, strict=True)]
    view.CameraViewUp = up


def extent(reader: Any) -> list[float]:
    """Length of the tissue along x, y, z."""
    b = reader.GetDataInformation().GetBounds()
    return [b[1] - b[0], b[3] - b[2], b[5] - b[4]]


def middle(reader: Any) -> list[float]:
    """Centre of the tissue."""
    b = reader.GetDataInformation().GetBounds()
    return [(b[0] + b[1]) / 2, (b[2] + b[3]) / 2, (b[4] + b[5]) / 2]


def arrange(views: list[Any]) -> tuple[Any, list[int]]:
    """All views in one layout, two rows; in ParaView's window in place of the empty view that it starts with."""
    layouts = list(pv.GetLayouts().values())
    for view in pv.GetViews():
        if view not in views:
            pv.Delete(view)
    layout = layouts[0] if layouts else pv.CreateLayout(RUN["name"])
    columns = (len(views) + 1) // 2
    rows = [views[:columns], views[columns:]]
    cells = [0]
    if rows[1]:
        first = layout.SplitVertical(0, 0.5)
        cells = [first, first + 1]
    for cell, row in zip(cells, rows, strict=False):
        for k, view in enumerate(row):
            if k < len(row) - 1:
                split = layout.SplitHorizontal(cell, 1.0 / (len(row) - k))
                layout.AssignView(split, view)
                cell = split + 1
            else:
                layout.AssignView(cell, view)
    pv.RenameLayout(RUN["name"], layout)
    size = [columns * PIXELS[0], (2 if rows[1] else 1) * PIXELS[1]]
    layout.SetSize(*size)
    return layout, size


def render(layout: Any, size: list[int], times: list[float]) -> list[str]:
    """Stills of the layout at these times, in figures/; returns their paths relative to the run folder."""
    folder = os.path.join(here(), "figures")
    os.makedirs(folder, exist_ok=True)
    scene = pv.GetAnimationScene()
    scene.UpdateAnimationUsingDataTimeSteps()
    made = []
    for number, time in enumerate(times, 1):
        scene.AnimationTime = time
        name = f"figures/paraview-{number}.png"
        pv.SaveScreenshot(os.path.join(here(), name), layout, ImageResolution=size)
        made.append(name)
    return made


if __name__ in ("__main__", "__vtkconsole__"):
    sheet, pixels = build()
    if "--render" in sys.argv:
        wanted = [float(word) for word in sys.argv[sys.argv.index("--render") + 1 :]]
        print("PARAVIEW " + json.dumps(render(sheet, pixels, wanted or RUN["times"])))
    else:
        pv.RenderAllViews()
