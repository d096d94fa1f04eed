"""Render one field of a run at one time with ParaView, and say what ParaView sees in the file.

    pvbatch render.py out/NAME/fields.vtkhdf picture.png --field tumour --time 10

Without a screen: ``xvfb-run -a pvbatch ...``. The facts (times, fields, numbers of cells and points, what the
camera shows) are printed as one line of JSON. A 3-D tissue is cut at its middle plane.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from paraview import simple as pv

_SIZE = (800, 600)


def render(
    path: str, picture: str, field: str | None, time: float | None, grey: tuple[float, float] | None, y_down: bool
) -> dict[str, Any]:
    """Open the file as it is, draw the field (default: the first) at the output time next to ``time`` (default: the last).

    ``grey``: values drawn black and white, on blue and without a colour bar, so that positions can be measured in the picture.
    """
    pv._DisableFirstRenderCameraReset()
    reader = pv.OpenDataFile(path)
    reader.UpdatePipelineInformation()
    times = [float(t) for t in reader.TimestepValues]  # ParaView lists none when the file holds a single output
    chosen = (times[-1] if times else 0.0) if time is None or not times else min(times, key=lambda t: abs(t - time))
    reader.UpdatePipeline(chosen)
    information = reader.GetDataInformation()
    fields = list(reader.PointData.keys())
    field = field or fields[0]
    low, high = reader.PointData[field].GetRange()
    left, right, bottom, top, back, front = information.GetBounds()

    shown = reader
    if front > back:
        shown = pv.Slice(Input=reader, SliceType="Plane")
        shown.SliceType.Origin = [(left + right) / 2, (bottom + top) / 2, (back + front) / 2]
        shown.SliceType.Normal = [0.0, 0.0, 1.0]
    view = pv.CreateRenderView()
    view.ViewSize = list(_SIZE)
    view.ViewTime = chosen
    view.OrientationAxesVisibility = 0
    view.UseColorPaletteForBackground = 0
    view.Background = [1.0, 1.0, 1.0] if grey is None else [0.0, 0.0, 1.0]
    display = pv.Show(shown, view)
    display.DisableLighting = 1
    if top == bottom:
        display.LineWidth = 6.0
    pv.ColorBy(display, ("POINTS", field))
    colours = pv.GetColorTransferFunction(field)
    if grey is not None:
        colours.ColorSpace = "RGB"
        colours.RGBPoints = [grey[0], 0.0, 0.0, 0.0, grey[1], 1.0, 1.0, 1.0]
    else:
        try:
            colours.ApplyPreset("Inferno", True)
        except RuntimeError:  # ParaView 5
            colours.ApplyPreset("Inferno (matplotlib)", True)
        colours.RescaleTransferFunction(min(low, 0.0), high if high > 0 else 1.0)
        display.SetScalarBarVisibility(view, True)
        bar = pv.GetScalarBar(colours, view)
        bar.TitleColor = bar.LabelColor = [0.0, 0.0, 0.0]
        bar.Title, bar.ComponentTitle = field, ""
    centre = [(left + right) / 2, (bottom + top) / 2, (back + front) / 2]
    half = 0.55 * max(top - bottom, (right - left) * _SIZE[1] / _SIZE[0], front - back)
    view.CameraParallelProjection = 1
    view.CameraFocalPoint = centre
    side = -1.0 if y_down else 1.0  # a picture's y runs downwards: look from the other side, upside down
    view.CameraPosition = [centre[0], centre[1], centre[2] + side * 10 * half]
    view.CameraViewUp = [0.0, side, 0.0]
    view.CameraParallelScale = half
    pv.Render(view)
    pv.SaveScreenshot(picture, view, ImageResolution=list(_SIZE))
    return {
        "times": times,
        "time": chosen,
        "fields": fields,
        "cell_fields": list(reader.CellData.keys()),
        "cells": int(information.GetNumberOfCells()),
        "points": int(information.GetNumberOfPoints()),
        "range": [low, high],
        "size": list(_SIZE),
        "centre": centre,
        "half_height": half,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Render one field of a run at one time.")
    parser.add_argument("path", help="fields.vtkhdf")
    parser.add_argument("picture", help="PNG file to write")
    parser.add_argument("--field", help="default: the first")
    parser.add_argument("--time", type=float, help="default: the last")
    parser.add_argument("--grey", type=float, nargs=2, metavar=("BLACK", "WHITE"), help="grey between these values, on blue: for measuring")
    parser.add_argument("--y-down", action="store_true", help="for meshes made from a picture, whose y runs downwards")
    given = parser.parse_args()
    print("PARAVIEW " + json.dumps(render(given.path, given.picture, given.field, given.time, given.grey, given.y_down)))


if __name__ == "__main__":
    main()
