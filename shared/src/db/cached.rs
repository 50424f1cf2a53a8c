//! Raw SQL whose plan PostgreSQL keeps.

use diesel::{
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::QueryResult,
};

/// A raw statement that each connection prepares once. Diesel cannot know whether the text of a `sql_query` is one of
/// few, so it has PostgreSQL parse and plan it anew each time, which takes longer than to execute a short one.
///
/// Not for those that find rows by a list of a thousand: a kept plan does not know how long its list is, and the recorder
/// was half as fast with one. Only for texts of a bounded number; and they name the columns they return, as a kept plan whose `*` has got another
/// meaning by a migration is an error.
#[derive(Clone, Copy, Debug)]
pub struct Cached<Q>(pub Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Cached<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Cached<Q> {
    type QueryId = ();

    // The text is the key.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Cached<Q> {
    type SqlType = Q::SqlType;
}
