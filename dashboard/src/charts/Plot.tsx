import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { theme } from "../app/theme";
import { useStored } from "../app/stored";
import { locale, useSpeech } from "../i18n";

export interface Line {
  name: string;
  /** A colour's name in tokens.css, such as `good`. */
  colour: string;
  values: (number | undefined)[];
  isFilled?: boolean;
  isDashed?: boolean;
}

export interface Props {
  /** What the chart says, for those who do not see it. */
  label: string;
  /** Seconds since 1970. */
  times: number[];
  lines: Line[];
  valueOf: (value: number) => string;
}

const HEIGHT = 208;
/** A line of fewer values shows each as a point. */
const FEW = 12;

export default function Plot({ label, times, lines, valueOf }: Props) {
  const { language } = useSpeech();
  const chosen = useStored(theme);
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data: uPlot.AlignedData = [times, ...lines.map(({ values }) => values.map((value) => value ?? null))];
  const latest = useRef(data);
  latest.current = data;
  const names = lines.map(({ name, values }) => `${name} ${values.filter((each) => each !== undefined).length < FEW}`).join();

  useEffect(() => {
    const parent = place.current;
    if (!parent) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(parent, lines, locale(language), valueOf), latest.current, parent);
    };
    draw();
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: parent.clientWidth, height: HEIGHT }));
    sizes.observe(parent);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    return () => {
      sizes.disconnect();
      scheme.removeEventListener("change", draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
    // The lines' values come by setData below; only their names and colours need a new drawing.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [language, chosen, names]);

  useEffect(() => plot.current?.setData(latest.current));

  return <div className="plot" ref={place} role="img" aria-label={label} />;
}

function options(parent: HTMLElement, lines: Line[], language: string, valueOf: (value: number) => string): uPlot.Options {
  const style = getComputedStyle(parent);
  // A colour token is a light-dark() pair, which a canvas cannot resolve by itself.
  const colour = (name: string) => resolved(parent, `var(--${name})`);
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const moment = new Intl.DateTimeFormat(language, { weekday: "short", hour: "2-digit", minute: "2-digit" });
  const axis: uPlot.Axis = {
    stroke: colour("ink-quiet"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: parent.clientWidth,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    cursor: { y: false, points: { size: 7 } },
    scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, 1)] } },
    axes: [
      { ...axis, size: 28, space: 72, values: (_, times) => times.map((time) => clock.format(time * 1000)) },
      { ...axis, size: 56, space: 36, values: (_, values) => values.map((value) => valueOf(value)) },
    ],
    series: [
      { value: (_, time) => (time === null ? "" : moment.format(time * 1000)), label: "" },
      ...lines.map(({ name, colour: token, values, isFilled, isDashed }): uPlot.Series => {
        const stroke = colour(token);
        return {
          label: name,
          stroke,
          width: 1.75,
          ...(isFilled && { fill: translucent(stroke) }),
          ...(isDashed && { dash: [4, 3] }),
          points: { show: values.filter((each) => each !== undefined).length < FEW, size: 4, fill: stroke },
          spanGaps: true,
          value: (_, value) => (value === null ? "" : valueOf(value)),
        };
      }),
    ],
  };
}

function resolved(parent: HTMLElement, colour: string): string {
  const probe = document.createElement("span");
  probe.style.color = colour;
  parent.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function translucent(colour: string): string {
  return colour.startsWith("rgb(") ? colour.replace("rgb(", "rgba(").replace(")", ", 0.12)") : "transparent";
}
