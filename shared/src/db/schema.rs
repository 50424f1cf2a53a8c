//! Tables as diesel sees them. Kept by hand beside `migrations/`: `print-schema` does not know partitioned tables.
#![allow(missing_docs, reason = "the columns are documented where they are made, in migrations/")]

mod backup_tables;

pub use backup_tables::*;

diesel::table! {
    workspaces (id) {
        id -> Uuid,
        name -> Text,
        created_at -> Timestamptz,
        webhook_secret -> Binary,
        unsubscribe_secret -> Binary,
        report_ticket -> Binary,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        email -> Text,
        password_hash -> Text,
        role -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        name -> Text,
        role -> Text,
        hash -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sessions (hash) {
        hash -> Bytea,
        user_id -> Nullable<Uuid>,
        api_key_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    jobs (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        kind -> Text,
        queue -> Text,
        priority -> SmallInt,
        state -> Text,
        generation -> Integer,
        version -> BigInt,
        pushed -> Bool,
        payload -> Jsonb,
        run_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        attempt -> Integer,
        max_attempts -> Integer,
        crashes -> Integer,
        timeout_ms -> Integer,
        backoff_base_ms -> Integer,
        backoff_cap_ms -> Integer,
        retention_s -> Integer,
        unique_key -> Nullable<Text>,
        created_by -> Nullable<Uuid>,
        trace -> Nullable<Text>,
        cancel_requested_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        worker -> Nullable<Text>,
        result -> Nullable<Jsonb>,
        error_class -> Nullable<Text>,
        error_message -> Nullable<Text>,
        schedule_id -> Nullable<Uuid>,
        error_fingerprint -> Nullable<Text>,
    }
}

diesel::table! {
    job_fields (workspace_id, field, job_id) {
        workspace_id -> Uuid,
        field -> Text,
        job_id -> Uuid,
    }
}

diesel::table! {
    job_attempts (job_id, generation, version) {
        job_id -> Uuid,
        generation -> Integer,
        version -> BigInt,
        attempt -> Integer,
        outcome -> Text,
        worker -> Nullable<Text>,
        started_at -> Nullable<Timestamptz>,
        ended_at -> Timestamptz,
        error_class -> Nullable<Text>,
        error_message -> Nullable<Text>,
        logs -> Nullable<Jsonb>,
    }
}

diesel::table! {
    unique_keys (scope, key) {
        scope -> Text,
        key -> Text,
        job_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency_keys (scope, key) {
        scope -> Text,
        key -> Text,
        fingerprint -> Bytea,
        status -> SmallInt,
        location -> Nullable<Text>,
        body -> Jsonb,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    queue_epochs (queue) {
        queue -> Text,
        name -> Text,
        run_id -> Text,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    queue_minutes (minute, queue, kind) {
        minute -> Timestamptz,
        queue -> Text,
        kind -> Text,
        completed -> Integer,
        retried -> Integer,
        dead -> Integer,
        cancelled -> Integer,
        snoozed -> Integer,
        crashed -> Integer,
        quarantined -> Integer,
        expired -> Integer,
        stale -> Integer,
        waiting -> Array<Integer>,
        running -> Array<Integer>,
    }
}

diesel::table! {
    failures (workspace_id, fingerprint) {
        workspace_id -> Uuid,
        fingerprint -> Text,
        kind -> Text,
        error_class -> Text,
        error_message -> Text,
        first_seen -> Timestamptz,
        last_seen -> Timestamptz,
        count -> BigInt,
    }
}

diesel::table! {
    queue_settings (queue) {
        queue -> Text,
        version -> Integer,
        paused_at -> Nullable<Timestamptz>,
        oldest_age_limit_s -> Nullable<Integer>,
        changed_by -> Nullable<Uuid>,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    repairs (hour, queue, repair) {
        hour -> Timestamptz,
        queue -> Text,
        repair -> Text,
        count -> BigInt,
        last_at -> Timestamptz,
    }
}

diesel::table! {
    media (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        category -> Text,
        state -> Text,
        filename -> Text,
        content_type -> Text,
        byte_size -> BigInt,
        sha256 -> Bytea,
        object_key -> Text,
        job_id -> Nullable<Uuid>,
        failure_class -> Nullable<Text>,
        failure_message -> Nullable<Text>,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    media_thumbnails (media_id, variant) {
        media_id -> Uuid,
        variant -> Text,
        object_key -> Text,
        sha256 -> Bytea,
        width -> Integer,
        height -> Integer,
        byte_size -> BigInt,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    schedules (id) {
        id -> Uuid,
        workspace_id -> Nullable<Uuid>,
        name -> Text,
        expression -> Nullable<Text>,
        interval_s -> Nullable<Integer>,
        once_at -> Nullable<Timestamptz>,
        zone -> Text,
        gap -> Text,
        repeat -> Text,
        kind -> Text,
        payload -> Jsonb,
        priority -> SmallInt,
        grace_s -> Integer,
        missed -> Text,
        missed_cap -> Integer,
        missed_window_s -> Integer,
        overlap -> Text,
        jitter_s -> Integer,
        starts_at -> Nullable<Timestamptz>,
        ends_at -> Nullable<Timestamptz>,
        failure_limit -> Integer,
        enabled -> Bool,
        created_by -> Nullable<Uuid>,
        version -> Integer,
        next_run_at -> Nullable<Timestamptz>,
        last_tick_at -> Nullable<Timestamptz>,
        queued_tick -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    schedule_ticks (schedule_id, tick) {
        schedule_id -> Uuid,
        tick -> Timestamptz,
        job_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        outcome -> Text,
        ticks -> Integer,
        through -> Nullable<Timestamptz>,
        manual -> Bool,
        message -> Nullable<Text>,
    }
}

diesel::table! {
    schedule_health (schedule_id) {
        schedule_id -> Uuid,
        failures -> Integer,
        last_success_at -> Nullable<Timestamptz>,
        last_failure_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    emails (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        message_id -> Text,
        sender -> Text,
        sender_name -> Nullable<Text>,
        return_path -> Text,
        reply_to -> Jsonb,
        subject -> Text,
        text_body -> Nullable<Text>,
        html_body -> Nullable<Text>,
        template -> Nullable<Text>,
        locale -> Nullable<Text>,
        bulk -> Bool,
        attachments -> Array<Uuid>,
        send_at -> Nullable<Timestamptz>,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    email_recipients (email_id, position) {
        email_id -> Uuid,
        position -> SmallInt,
        workspace_id -> Uuid,
        field -> Text,
        address -> Text,
        name -> Nullable<Text>,
        domain -> Text,
        state -> Text,
        reply_code -> Nullable<SmallInt>,
        reply -> Nullable<Text>,
        sends -> SmallInt,
        possibly_duplicate -> Bool,
        unsubscribe_url -> Nullable<Text>,
        sent_at -> Nullable<Timestamptz>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    suppressions (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        address -> Text,
        reason -> Text,
        detail -> Nullable<Text>,
        email_id -> Nullable<Uuid>,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    email_domains (domain) {
        domain -> Text,
        interval_ms -> Integer,
        next_at -> Timestamptz,
        slowed_at -> Timestamptz,
        reply -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(media, media_thumbnails);
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(sessions -> api_keys (api_key_id));
diesel::allow_tables_to_appear_in_same_query!(users, workspaces, api_keys, sessions);
diesel::joinable!(schedule_health -> schedules (schedule_id));
diesel::joinable!(schedule_ticks -> schedules (schedule_id));
diesel::allow_tables_to_appear_in_same_query!(schedules, schedule_ticks, schedule_health, jobs);
diesel::allow_tables_to_appear_in_same_query!(jobs, workspaces);
diesel::joinable!(email_recipients -> emails (email_id));
diesel::allow_tables_to_appear_in_same_query!(emails, email_recipients, email_domains, suppressions, workspaces);

diesel::table! {
    documents (workspace_id, kind, id) {
        workspace_id -> Uuid,
        #[sql_name = "type"]
        kind -> Text,
        id -> Text,
        version -> BigInt,
        body -> Nullable<Jsonb>,
        bucket -> SmallInt,
        salt -> Integer,
        pending_job_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    search_indexes (name) {
        name -> Text,
        active -> Nullable<Text>,
        building -> Nullable<Text>,
        filled_to -> Nullable<Jsonb>,
        filled -> BigInt,
        reindex_job_id -> Nullable<Uuid>,
        reindexed_at -> Nullable<Timestamptz>,
        audited_at -> Nullable<Timestamptz>,
        drift -> Nullable<Jsonb>,
    }
}

diesel::table! {
    retired_search_indexes (index_name) {
        index_name -> Text,
        name -> Text,
        retired_at -> Timestamptz,
        drop_after -> Timestamptz,
    }
}

diesel::table! {
    reports (id) {
        id -> Uuid,
        workspace_id -> Nullable<Uuid>,
        data_set -> Nullable<Text>,
        definition_id -> Nullable<Uuid>,
        definition_version -> Nullable<Integer>,
        title -> Nullable<Text>,
        parameters -> Jsonb,
        range_from -> Timestamptz,
        range_to -> Timestamptz,
        format -> Text,
        locale -> Text,
        zone -> Text,
        delivery -> Nullable<Jsonb>,
        only_if_rows -> Bool,
        row_limit -> BigInt,
        state -> Text,
        object_key -> Nullable<Text>,
        row_count -> Nullable<BigInt>,
        truncated -> Nullable<Bool>,
        notices -> Array<Text>,
        byte_size -> Nullable<BigInt>,
        sha256 -> Nullable<Binary>,
        snapshot_at -> Nullable<Timestamptz>,
        email_id -> Nullable<Uuid>,
        failure_class -> Nullable<Text>,
        failure_message -> Nullable<Text>,
        link_secret -> Binary,
        keep_days -> Integer,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    report_definitions (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        name -> Text,
        version -> Integer,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    report_definition_versions (definition_id, version) {
        definition_id -> Uuid,
        version -> Integer,
        description -> Nullable<Text>,
        sql -> Text,
        parameters -> Jsonb,
        answers -> Jsonb,
        row_limit -> BigInt,
        timeout_s -> Integer,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::joinable!(report_definition_versions -> report_definitions (definition_id));
diesel::allow_tables_to_appear_in_same_query!(reports, report_definitions, report_definition_versions);
