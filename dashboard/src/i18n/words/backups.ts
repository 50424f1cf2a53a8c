/** Backups, and the proof that they can be restored. */

export const en = {
  title: "The backup",
  states: { waiting: "Waits for a worker", running: "Being made", good: "Good", failed: "Failed", pruned: "Removed" },
  drills: { waiting: "Waits for a worker", running: "Being restored", passed: "Passed", failed: "Failed" },
  facts: {
    taken: "Data as of",
    database: "Database",
    rows: "Contents",
    onServer: "On the server",
    stored: "In the store",
    took: "Took",
    drill: "Latest drill",
    rto: "Restored in",
    pinned: "Retention",
  },
  rows: (rows: string, tables: string) => `${rows} rows in ${tables} tables`,
  unproved: "None yet: nobody knows whether it can be restored.",
  pinned: "Pinned: kept until somebody unpins it.",
};

export const id: typeof en = {
  title: "Cadangannya",
  states: { waiting: "Menunggu pekerja", running: "Sedang dibuat", good: "Baik", failed: "Gagal", pruned: "Dihapus" },
  drills: { waiting: "Menunggu pekerja", running: "Sedang dipulihkan", passed: "Lulus", failed: "Gagal" },
  facts: {
    taken: "Data per",
    database: "Basis data",
    rows: "Isi",
    onServer: "Di server",
    stored: "Di penyimpanan",
    took: "Lama pembuatan",
    drill: "Latihan terakhir",
    rto: "Dipulihkan dalam",
    pinned: "Retensi",
  },
  rows: (rows, tables) => `${rows} baris dalam ${tables} tabel`,
  unproved: "Belum ada: tidak ada yang tahu apakah ini bisa dipulihkan.",
  pinned: "Disematkan: disimpan sampai sematannya dilepas.",
};
