//! The closed lists of what can become of a backup, a drill and a restore.

use crate::words::words;

words! {
    /// What has become of a backup.
    BackupState {
        /// Its job has not begun.
        Waiting = "waiting",
        /// It is being made.
        Running = "running",
        /// It can be restored.
        Good = "good",
        /// There is none; the error says why.
        Failed = "failed",
        /// There was one, and retention has removed it.
        Pruned = "pruned",
    }
}

words! {
    /// What the latest drill of a backup found.
    Verification {
        /// It was restored, and what was restored is what the manifest says.
        Passed = "passed",
        /// It could not be restored, or something differed.
        Failed = "failed",
    }
}

words! {
    /// What has become of a drill.
    DrillState {
        /// Its job has not begun.
        Waiting = "waiting",
        /// The backup is being restored into a scratch database.
        Running = "running",
        /// What was restored is what the manifest says.
        Passed = "passed",
        /// It could not be restored, or something differed.
        Failed = "failed",
    }
}

words! {
    /// What has become of a restore.
    RestoreState {
        /// Its job has not begun.
        Waiting = "waiting",
        /// It is under way.
        Running = "running",
        /// The database is there.
        Done = "done",
        /// Nothing was changed; the error says why.
        Failed = "failed",
    }
}
