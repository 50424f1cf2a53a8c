//! `workspaces` and `users`.

use crate::db::schema::{users, workspaces};
use diesel::prelude::*;
use uuid::Uuid;

/// A workspace to be made.
#[derive(Insertable)]
#[diesel(table_name = workspaces)]
pub struct NewWorkspace<'a> {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: &'a str,
}

/// A person.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    /// Their id.
    pub id: Uuid,
    /// The workspace whose rows they may see.
    pub workspace_id: Uuid,
    /// Their address; unique whatever its case.
    pub email: String,
    /// Argon2id, in PHC string form.
    pub password_hash: String,
    /// `admin`, `operator` or `viewer`.
    pub role: String,
}

/// A person to be added.
#[derive(Insertable)]
#[diesel(table_name = users)]
pub struct NewUser<'a> {
    /// Their id.
    pub id: Uuid,
    /// The workspace whose rows they may see.
    pub workspace_id: Uuid,
    /// Their address.
    pub email: &'a str,
    /// Argon2id, in PHC string form.
    pub password_hash: &'a str,
    /// `admin`, `operator` or `viewer`.
    pub role: &'a str,
}
