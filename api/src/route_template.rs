//! The template of the route that a request took, and the methods it knows.

use crate::openapi::OPERATIONS;
use poem::PathPattern;
use poem_openapi::OperationId;

/// The template, such as `/api/v1/media/{id}`, for logs and metrics: there are few of them.
pub(crate) fn template(operation: Option<&OperationId>, pattern: Option<&PathPattern>) -> String {
    if let Some(OperationId(id)) = operation
        && let Some(operation) = OPERATIONS.iter().find(|operation| operation.id == *id)
    {
        return operation.path.clone();
    }
    pattern.map_or_else(|| "none".into(), |pattern| pattern.0.trim_end_matches('/').into())
}

/// What `Allow` says where a method is not known (RFC 9110, 15.5.6).
pub(crate) fn allowed(pattern: Option<&PathPattern>) -> String {
    let Some(pattern) = pattern else { return "GET, HEAD".into() };
    let here = OPERATIONS.iter().filter(|operation| has_shape(&operation.path, pattern.0.trim_end_matches('/')));
    let mut methods: Vec<&str> = here.map(|operation| operation.method.as_str()).collect();
    if methods.is_empty() || methods.contains(&"GET") {
        methods.extend(["GET", "HEAD"]);
    }
    methods.sort_unstable();
    methods.dedup();
    methods.join(", ")
}

/// Whether a template of the document is the framework's pattern, whatever the parameters are called.
fn has_shape(template: &str, pattern: &str) -> bool {
    let mut segments = template.trim_end_matches('/').split('/').zip(pattern.split('/'));
    let same_length = template.trim_end_matches('/').split('/').count() == pattern.split('/').count();
    same_length && segments.all(|(one, other)| one == other || (one.starts_with('{') && other.starts_with(':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_its_methods() {
        let allowed = |pattern: &str| allowed(Some(&PathPattern(pattern.into())));
        assert_eq!(allowed("/api/v1/media"), "GET, HEAD, POST");
        assert_eq!(allowed("/api/v1/media/:param0"), "DELETE, GET, HEAD");
        assert_eq!(allowed("/api/v1/media/:param0/restore"), "POST");
        assert_eq!(allowed("/health"), "GET, HEAD");
    }

    #[test]
    fn an_operation_tells_its_template() {
        let id = OperationId("get_media_thumbnail");
        assert_eq!(template(Some(&id), None), "/api/v1/media/{id}/thumbnails/{variant}");
        assert_eq!(template(None, None), "none");
    }
}
