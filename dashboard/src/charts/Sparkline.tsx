/** A small line of what happened, without axes: the shape is what counts, the numbers stand beside it. */

const WIDTH = 240;
const HEIGHT = 48;

export function Sparkline({ values, label }: { values: number[]; label: string }) {
  const most = Math.max(...values, 1);
  const x = (place: number) => ((place / Math.max(values.length - 1, 1)) * WIDTH).toFixed(1);
  const y = (value: number) => (HEIGHT - 1.5 - (value / most) * (HEIGHT - 4)).toFixed(1);
  const line = values.map((value, place) => `${place === 0 ? "M" : "L"}${x(place)} ${y(value)}`).join("");
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path className="sparkline-area" d={`${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />
      <path className="sparkline-line" d={line} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
