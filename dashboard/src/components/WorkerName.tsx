/** A worker by the beginning of its id, which is enough to tell a few apart. */
export function WorkerName({ id }: { id: string }) {
  return (
    <span className="mono" title={id}>
      {id.slice(0, 8)}
    </span>
  );
}
