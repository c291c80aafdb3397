// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package monitoring

import (
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	imagedraw "image/draw"
	"image/png"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// picture is where the dashboard's picture is written to; "" writes none.
var picture = flag.String("picture", "", "write the picture of the dashboard into this file")

// quiet are the panels that have nothing to show while all is well.
var quiet = []string{"Failed reconciles"}

// column and row are one step of the dashboard's grid, in points.
const column, row = vg.Length(40), vg.Length(18)

// curve is one series of a panel: minutes since the beginning, and values.
type curve struct {
	name   string
	points plotter.XYs
}

// curves asks what a panel asks.
func (h *history) curves(t *testing.T, p dashboard.Panel) (all []curve) {
	t.Helper()
	for _, target := range p.Targets {
		query, ok := target.(*prometheus.Dataquery)
		if !ok {
			t.Fatalf("%s: %T is no query of Prometheus", *p.Title, target)
		}
		for _, series := range h.ask(t, query.Expr) {
			c := curve{name: legend(query, series.Metric.Map())}
			for _, point := range series.Floats {
				if !math.IsNaN(point.F) {
					c.points = append(c.points, plotter.XY{X: float64(point.T-h.begun.UnixMilli()) / 60000, Y: point.F})
				}
			}
			if len(c.points) > 0 {
				all = append(all, c)
			}
		}
	}
	slices.SortFunc(all, func(a, b curve) int { return strings.Compare(a.name, b.name) })
	return all
}

func legend(query *prometheus.Dataquery, labels map[string]string) string {
	text := ""
	if query.LegendFormat != nil {
		text = *query.LegendFormat
	}
	for name, value := range labels {
		text = strings.ReplaceAll(text, "{{"+name+"}}", value)
	}
	return strings.ReplaceAll(text, "ClusterConnection/", "")
}

// dashboardIsDrawn wants each panel to show something of what was scraped, and draws all
// of them where a picture is asked for. Grafana itself has no part in it.
func dashboardIsDrawn(w *world, h *history) {
	h.await(w)
	h.stop()
	d := loadDashboard(w.T)
	height := uint32(0)
	for _, p := range panels(w.T, d) {
		height = max(height, p.GridPos.Y+p.GridPos.H)
	}
	plot.DefaultFont.Variant = "Sans"
	canvas := vgimg.NewWith(vgimg.UseWH(24*column, vg.Length(height)*row), vgimg.UseDPI(84))
	whole := draw.New(canvas)
	whole.SetColor(color.White)
	whole.Fill(whole.Path())
	for _, p := range d.Panels {
		if p.RowPanel != nil {
			area := place(whole, *p.RowPanel.GridPos)
			write(area, *p.RowPanel.Title, vg.Point{X: area.Min.X + 6, Y: area.Min.Y + 4}, 11, color.Gray{Y: 60})
		}
	}
	for _, p := range panels(w.T, d) {
		curves := h.curves(w.T, p)
		if len(curves) == 0 && !slices.Contains(quiet, *p.Title) {
			w.Errorf("%s shows nothing of what was scraped", *p.Title)
		}
		area := place(whole, *p.GridPos)
		switch {
		case p.Type == "stat" && len(curves) > 0:
			drawStat(area, p, curves[0].points)
		case p.Type != "stat":
			drawCurves(w.T, area, p, curves)
		}
	}
	if *picture != "" {
		if err := save(*picture, canvas.Image()); err != nil {
			w.Fatal(err)
		}
	}
}

// save writes a PNG of few colours, which is small.
func save(path string, whole image.Image) error {
	few := image.NewPaletted(whole.Bounds(), palette.Plan9)
	imagedraw.Draw(few, few.Bounds(), whole, whole.Bounds().Min, imagedraw.Src)
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	return errors.Join(encoder.Encode(file, few), file.Close())
}

// place is where a panel lies, with a margin.
func place(whole draw.Canvas, g dashboard.GridPos) draw.Canvas {
	top := whole.Max.Y - vg.Length(g.Y)*row
	left := whole.Min.X + vg.Length(g.X)*column
	area := draw.Canvas{Canvas: whole.Canvas, Rectangle: vg.Rectangle{
		Min: vg.Point{X: left, Y: top - vg.Length(g.H)*row}, Max: vg.Point{X: left + vg.Length(g.W)*column, Y: top},
	}}
	return draw.Crop(area, 4, -4, 4, -4)
}

func write(area draw.Canvas, text string, at vg.Point, size vg.Length, c color.Color) {
	style := plot.New().Title.TextStyle
	style.Font.Size, style.Color, style.XAlign, style.YAlign = size, c, draw.XLeft, draw.YBottom
	area.FillText(style, at, text)
}

// drawStat writes the last value on the colour that its thresholds give it.
func drawStat(area draw.Canvas, p dashboard.Panel, points plotter.XYs) {
	last := points[len(points)-1].Y
	name := ""
	for _, step := range p.FieldConfig.Defaults.Thresholds.Steps {
		if step.Value == nil || last >= *step.Value {
			name = step.Color
		}
	}
	colours := map[string]color.Color{
		"green": color.RGBA{R: 86, G: 166, B: 75, A: 255}, "red": color.RGBA{R: 224, G: 47, B: 68, A: 255},
		"yellow": color.RGBA{R: 224, G: 180, B: 0, A: 255}, "blue": color.RGBA{R: 50, G: 116, B: 217, A: 255},
	}
	area.SetColor(colours[name])
	area.Fill(area.Path())
	unit := ""
	if p.FieldConfig.Defaults.Unit != nil && *p.FieldConfig.Defaults.Unit == "s" {
		unit = " s"
	}
	write(area, *p.Title, vg.Point{X: area.Min.X + 6, Y: area.Max.Y - 16}, 10, color.White)
	write(area, fmt.Sprintf("%.0f%s", last, unit), vg.Point{X: area.Min.X + 6, Y: area.Min.Y + 8}, 26, color.White)
}

// drawCurves draws a panel over time, each series as a line.
func drawCurves(t *testing.T, area draw.Canvas, p dashboard.Panel, curves []curve) {
	t.Helper()
	panel := plot.New()
	panel.Title.Text = *p.Title
	if p.FieldConfig.Defaults.Unit != nil && slices.Contains([]string{"s", "reqps", "bytes", "ops"}, *p.FieldConfig.Defaults.Unit) {
		panel.Y.Label.Text = *p.FieldConfig.Defaults.Unit
	}
	panel.X.Label.Text = "minutes"
	panel.Title.TextStyle.Font.Size, panel.Legend.TextStyle.Font.Size = 10, 7
	for _, axis := range []*plot.Axis{&panel.X, &panel.Y} {
		axis.Label.TextStyle.Font.Size, axis.Tick.Label.Font.Size = 7, 7
	}
	panel.Legend.Top, panel.Legend.Left = true, true
	panel.Legend.ThumbnailWidth = 10
	panel.X.Min, panel.Y.Min = 0, 0
	panel.Add(plotter.NewGrid())
	for i, c := range curves {
		line, err := plotter.NewLine(c.points)
		if err != nil {
			t.Fatal(err)
		}
		line.Color, line.Width = plotutil.Color(i), 1
		panel.Add(line)
		panel.Legend.Add(c.name, line)
	}
	panel.Y.Max = max(panel.Y.Max, 1e-3) * 1.25 // room for the legend
	panel.Draw(area)
}
