//! The operators' web page, embedded: what Vite built when this binary was built.

use poem::{
    Response, handler,
    http::{StatusCode, header},
    web::Path,
};

/// A file of the built page.
struct Asset {
    path: &'static str,
    bytes: &'static [u8],
}

// `ASSETS`, made by build.rs: every file under dashboard/dist, none if it was not built.
include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Gotong</title>\
    <h1>The dashboard is not part of this build</h1>\
    <p>Node.js was missing when the API was built. Install Node.js 20 or later, then run \
    <code>npm ci &amp;&amp; npm run build</code> in the folder <code>dashboard</code> and build the API again: \
    <code>cargo build -p gotong-api</code>.</p>";

/// The page itself.
#[handler]
pub fn page() -> Response {
    serve("index.html")
}

/// A file of the page; addresses that the page makes itself are answered with the page.
#[handler]
pub fn file(Path(path): Path<String>) -> Response {
    let has_ending = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    serve(if has_ending { &path } else { "index.html" })
}

fn serve(path: &str) -> Response {
    let asset = ASSETS.iter().find(|asset| asset.path == path);
    let Some(asset) = asset else {
        let (status, text) = match path {
            "index.html" => (StatusCode::OK, NOT_BUILT),
            _ => (StatusCode::NOT_FOUND, "There is no such file."),
        };
        let response = Response::builder().status(status).content_type("text/html; charset=utf-8");
        return response.header(header::CONTENT_SECURITY_POLICY, POLICY).body(text);
    };
    // Vite names the files under assets/ by their content.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    Response::builder()
        .content_type(content_type(path))
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::CACHE_CONTROL, cache)
        .body(asset.bytes)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}
