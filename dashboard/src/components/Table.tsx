/** A table of rows, which becomes a list of cards where there is no room for columns. */

import { rowSelectionFeature, tableFeatures, useTable, type ColumnDef, type RowSelectionState } from "@tanstack/react-table";
import { useMemo, type ReactNode } from "react";

import { useSpeech } from "../i18n";

export interface Column<T> {
  id: string;
  header: string;
  /** What a card says in its place, where the header alone would not do. */
  label?: string;
  cell: (row: T) => ReactNode;
  /** Numbers stand at the end of their column. */
  isNumber?: boolean;
  /** What stands without its header on a card: the title, the state, the actions. */
  isPlain?: boolean;
}

export interface Selection {
  value: RowSelectionState;
  onChange: (value: RowSelectionState) => void;
  labelOf: (id: string) => string;
}

interface Props<T> {
  /** What the table shows; also names its style. */
  label: string;
  className?: string;
  columns: Column<T>[];
  rows: T[];
  idOf: (row: T) => string;
  selection?: Selection | undefined;
  /** Whether what is shown is about to be replaced. */
  isStale?: boolean;
  rowClass?: (row: T) => string | undefined;
}

const features = tableFeatures({ rowSelectionFeature });

export function Table<T extends object>(props: Props<T>) {
  const { label, className, columns, rows, idOf, selection, isStale, rowClass } = props;
  const definitions = useMemo(
    () =>
      columns.map(
        ({ id, header, cell }): ColumnDef<typeof features, T> => ({ id, header, cell: ({ row }) => cell(row.original) }),
      ),
    [columns],
  );
  const table = useTable<typeof features, T>({
    features,
    columns: definitions,
    data: rows,
    getRowId: idOf,
    enableRowSelection: selection !== undefined,
    state: { rowSelection: selection?.value ?? NONE },
    onRowSelectionChange: (change) =>
      selection?.onChange(typeof change === "function" ? change(selection.value) : change),
  });
  const looks = new Map(columns.map((column) => [column.id, column]));
  const classOf = (id: string) => `cell-${id}${looks.get(id)?.isNumber ? " number" : ""}`;
  return (
    <div className="table-frame">
      <table className={`table ${className ?? ""}`} role="table" aria-label={label} aria-busy={isStale}>
        <thead role="rowgroup">
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id} role="row">
              {selection && (
                <th role="columnheader" scope="col" className="cell-select">
                  <SelectAll
                    isChecked={table.getIsAllRowsSelected()}
                    isPartial={table.getIsSomeRowsSelected()}
                    onChange={(isChecked) => table.toggleAllRowsSelected(isChecked)}
                  />
                </th>
              )}
              {group.headers.map((header) => (
                <th key={header.id} role="columnheader" scope="col" className={classOf(header.column.id)}>
                  <table.FlexRender header={header} />
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody role="rowgroup">
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} role="row" className={rowClass?.(row.original)} data-selected={row.getIsSelected() || undefined}>
              {selection && (
                <td role="cell" className="cell-select">
                  <input
                    type="checkbox"
                    aria-label={selection.labelOf(row.id)}
                    checked={row.getIsSelected()}
                    onChange={row.getToggleSelectedHandler()}
                  />
                </td>
              )}
              {row.getAllCells().map((cell) => (
                <td
                  key={cell.id}
                  role="cell"
                  className={classOf(cell.column.id)}
                  data-label={labelOf(looks.get(cell.column.id))}
                >
                  <table.FlexRender cell={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Before what a card shows. */
function labelOf(column: Pick<Column<never>, "header" | "label" | "isPlain"> | undefined): string | undefined {
  return column?.isPlain ? undefined : (column?.label ?? column?.header);
}

const NONE: RowSelectionState = {};

function SelectAll(props: { isChecked: boolean; isPartial: boolean; onChange: (isChecked: boolean) => void }) {
  const { t } = useSpeech();
  const { isChecked, isPartial, onChange } = props;
  return (
    <input
      type="checkbox"
      aria-label={t.jobs.selectAll}
      checked={isChecked}
      ref={(input) => {
        if (input) input.indeterminate = isPartial && !isChecked;
      }}
      onChange={(event) => onChange(event.target.checked)}
    />
  );
}
