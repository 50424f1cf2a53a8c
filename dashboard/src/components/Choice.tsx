/** One of a few, side by side. */
export function Choice<T extends string>(props: {
  label: string;
  values: readonly T[];
  chosen: T;
  wordOf: (value: T) => string;
  onChoose: (value: T) => void;
}) {
  const { label, values, chosen, wordOf, onChoose } = props;
  return (
    <div className="choice" role="group" aria-label={label}>
      {values.map((value) => (
        <button key={value} type="button" aria-pressed={value === chosen} onClick={() => onChoose(value)}>
          {wordOf(value)}
        </button>
      ))}
    </div>
  );
}
