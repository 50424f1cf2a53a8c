//! The closing screen of `up`: where everything is and how to use it.

use super::{credentials, sample};
use crate::environment::Platform;
use crate::examples::{self, Example};
use crate::services::{Addresses, Context};

pub fn print(context: &Context, addresses: &Addresses, platform: Option<&Platform>) {
    let line = |name: &str, value: &str| println!("  {name:<14} {value}");
    println!();
    if let Some(platform) = platform {
        let url = &platform.url;
        line("API", &format!("{url}/api/v1"));
        line("Reference", &format!("{url}/docs"));
        line("Dashboard", &format!("{url}/dashboard"));
        line("Health", &format!("{url}/health"));
        line("Administrator", &administrator(context));
        line("API key", &platform.api_key);
    }
    line("Mail inbox", addresses.mail_inbox_url.as_deref().unwrap_or("on the server of GOTONG_SMTP_URL"));
    line("Search", addresses.elasticsearch_url.as_deref().unwrap_or("not available on this machine"));
    line("Variables", &format!("set -a; . {}; set +a", context.checkout.env_file().display()));
    if let Some(platform) = platform {
        println!(
            "\nOne line for each kind of work; the job that each answer names is at {}/api/v1/jobs/\u{2026}:\n",
            platform.url
        );
        for Example { does, line, .. } in examples::all(&platform.url, &platform.api_key, &sample::file(context)) {
            println!("  # {does}\n  {line}\n");
        }
    }
    println!();
}

fn administrator(context: &Context) -> String {
    match context.remembered.known_secret("admin_password") {
        Some(password) => format!("{}, password {password}", credentials::ADMIN_EMAIL),
        None => "was created before, by somebody else".to_owned(),
    }
}
