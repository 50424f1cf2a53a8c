//! Backups, their drills and restores, and the copy of the media.

diesel::table! {
    backups (id) {
        id -> Uuid,
        target -> Text,
        state -> Text,
        workspace_id -> Uuid,
        created_by -> Nullable<Uuid>,
        verify -> Bool,
        bucket -> Nullable<Text>,
        prefix -> Nullable<Text>,
        manifest -> Nullable<Jsonb>,
        taken_at -> Nullable<Timestamptz>,
        pinned -> Bool,
        verification -> Nullable<Text>,
        verified_at -> Nullable<Timestamptz>,
        rto_ms -> Nullable<BigInt>,
        error_class -> Nullable<Text>,
        error_message -> Nullable<Text>,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    backup_drills (id) {
        id -> Uuid,
        backup_id -> Uuid,
        state -> Text,
        rto_ms -> Nullable<BigInt>,
        duration_ms -> Nullable<BigInt>,
        report -> Nullable<Jsonb>,
        error_class -> Nullable<Text>,
        error_message -> Nullable<Text>,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    backup_restores (id) {
        id -> Uuid,
        backup_id -> Uuid,
        database -> Text,
        overwrite -> Bool,
        state -> Text,
        duration_ms -> Nullable<BigInt>,
        workspace_id -> Uuid,
        created_by -> Nullable<Uuid>,
        error_class -> Nullable<Text>,
        error_message -> Nullable<Text>,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    media_copy (name) {
        name -> Text,
        attempted_at -> Nullable<Timestamptz>,
        completed_at -> Nullable<Timestamptz>,
        report -> Nullable<Jsonb>,
        error_class -> Nullable<Text>,
        error_message -> Nullable<Text>,
    }
}

diesel::joinable!(backup_drills -> backups (backup_id));
diesel::joinable!(backup_restores -> backups (backup_id));
diesel::allow_tables_to_appear_in_same_query!(backups, backup_drills, backup_restores);
