/** Numbers, sizes and times as the reader's language writes them. */

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
const SPANS: [Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

export interface Format {
  number(value: number): string;
  /** A share from 0 to 1. */
  percent(share: number): string;
  /** The same, to a tenth of a percent where it is small. */
  share(share: number): string;
  /** A number of times, with a tenth where it is small. */
  rate(value: number): string;
  /** A size in decimal units. */
  bytes(size: number): string;
  /** A date and a time of day, to the second. */
  moment(iso: string): string;
  /** How long ago, or how soon, as seen at `now` (ms since 1970). */
  ago(iso: string, now: number): string;
  /** A length of time in its largest fitting unit. */
  duration(ms: number): string;
  /** The same, as short as a table wants it. Its units are not those of `Intl`, which has no space before some. */
  time(ms: number): string;
  /** A time of day, to the second. */
  clock(iso: string): string;
  list(items: string[]): string;
}

export function formatFor(locale: string): Format {
  const number = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: "percent" });
  const share = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const rate = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const list = new Intl.ListFormat(locale, { type: "conjunction" });
  const shortUnits = locale.startsWith("id") ? ["hr", "jam", "mnt", "dtk"] : ["d", "h", "min", "s"];
  const inUnit = (value: number, unit: string, display: "short" | "long") => {
    const digits = value < 10 ? 1 : 0;
    const options = { style: "unit", unit, unitDisplay: display, maximumFractionDigits: digits } as const;
    return new Intl.NumberFormat(locale, options).format(value);
  };
  return {
    number: (value) => number.format(value),
    percent: (share) => percent.format(share),
    share: (value) => share.format(value),
    rate: (value) => rate.format(value),
    bytes(size) {
      const step = Math.min(Math.floor(Math.log10(Math.max(size, 1)) / 3), UNITS.length - 1);
      return inUnit(size / 1000 ** step, UNITS[step] ?? "byte", "short");
    },
    moment: (iso) => moment.format(new Date(iso)),
    ago(iso, now) {
      const seconds = Math.round((Date.parse(iso) - now) / 1000);
      const [unit, length] = SPANS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
      return relative.format(Math.trunc(seconds / length), unit);
    },
    duration(ms) {
      if (ms < 1000) return inUnit(Math.round(ms), "millisecond", "short");
      const [unit, length] = SPANS.find(([, length]) => ms / 1000 >= length) ?? ["second", 1];
      return inUnit(Math.trunc(ms / 100 / length) / 10, unit, "long");
    },
    time(ms) {
      if (ms < 1000) return `${number.format(Math.round(ms))} ms`;
      const place = Math.max(SPANS.findIndex(([, length]) => ms / 1000 >= length), 0);
      const value = ms / 1000 / (SPANS[place]?.[1] ?? 1);
      const digits = value < 10 ? 1 : 0;
      const written = new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
      return `${written} ${shortUnits[place]}`;
    },
    clock: (iso) => clock.format(new Date(iso)),
    list: (items) => list.format(items),
  };
}
