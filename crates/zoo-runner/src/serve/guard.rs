//! Who may ask, and what every answer says to browsers.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tower_http::cors::CorsLayer;

use super::{Shared, options::Access, refused::Refused};

/// What may be read without a token: the page itself, which asks for one, and whether the server lives.
const OPEN: [&str; 3] = ["/", "/v2/health/live", "/v2/health/ready"];
/// Where the parts of the page are.
pub const PAGE_FOLDER: &str = "/page/";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
     media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What every answer says.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(), geolocation=()"),
];

/// Refuses requests for another host, from another site, or without the token; counts all, bounds their
/// time, and adds what every answer says.
pub async fn around(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let response = match app.options.access.check(&request) {
        Ok(()) => in_time(next.run(request), app.options.timeout).await,
        Err(refused) => refused.into_response(),
    };
    let path = matched.as_ref().map_or("other", MatchedPath::as_str);
    app.metrics.note_request(path, response.status().as_u16(), started.elapsed().as_secs_f64());
    with_headers(response)
}

async fn in_time(answer: impl Future<Output = Response>, most: Duration) -> Response {
    tokio::time::timeout(most, answer).await.unwrap_or_else(|_| {
        let seconds = most.as_secs_f64();
        Refused::busy(format!("the request took longer than the {seconds} s of --timeout"), 1)
            .into_response()
    })
}

fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

impl Access {
    fn check(&self, request: &Request) -> Result<(), Refused> {
        let host = self.check_host(request.headers())?;
        self.check_origin(request.headers(), &host)?;
        self.check_token(request.uri().path(), request.headers())
    }

    /// The host that the request is for. A page of another site that has its own name lead to this
    /// server gives that name.
    fn check_host(&self, headers: &HeaderMap) -> Result<Authority, Refused> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let authority: Option<Authority> = host.and_then(|host| host.parse().ok());
        let authority = authority.ok_or_else(|| Refused::bad("the request names no `Host`"))?;
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        let is_ours = name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok()
            || self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name));
        match is_ours {
            true => Ok(authority),
            false => Err(Refused::new(
                StatusCode::MISDIRECTED_REQUEST,
                format!(
                    "this server is not known as `{name}`: start it with --host {name} if it is"
                ),
            )),
        }
    }

    /// Pages of other sites are refused, also where they could not read the answer.
    fn check_origin(&self, headers: &HeaderMap, host: &Authority) -> Result<(), Refused> {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Ok(());
        };
        let site = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        let is_own = site.is_some_and(|(_, site)| site.eq_ignore_ascii_case(host.as_str()));
        match is_own || self.origins.contains(origin) {
            true => Ok(()),
            false => Err(Refused::new(
                StatusCode::FORBIDDEN,
                format!(
                    "pages of {origin:?} may not ask: start the server with --allow-origin if they may"
                ),
            )),
        }
    }

    fn check_token(&self, path: &str, headers: &HeaderMap) -> Result<(), Refused> {
        let Some(token) = &self.token else {
            return Ok(());
        };
        if is_open(path) {
            return Ok(());
        }
        let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        let given = given.and_then(|given| given.strip_prefix(b"Bearer "));
        let refuse = |message: &str| {
            Refused::new(StatusCode::UNAUTHORIZED, message)
                .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        };
        let given = given
            .ok_or_else(|| refuse("a token is wanted, as in `Authorization: Bearer TOKEN`"))?;
        match is_same(given, token.as_bytes()) {
            true => Ok(()),
            false => Err(refuse("this is not the token")),
        }
    }

    /// Lets browsers read answers for the pages of the other sites that may ask.
    pub fn cors(&self) -> CorsLayer {
        let length = HeaderName::from_static("inference-header-content-length");
        CorsLayer::new()
            .allow_origin(self.origins.clone())
            .allow_methods([axum::http::Method::GET, axum::http::Method::POST])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, length.clone()])
            .expose_headers([header::RETRY_AFTER, length])
    }
}

/// Whether this path may be read without a token.
pub fn is_open(path: &str) -> bool {
    OPEN.contains(&path) || path.starts_with(PAGE_FOLDER)
}

/// Whether two texts are the same, in a time that tells nothing of either.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    Sha256::digest(a).ct_eq(&Sha256::digest(b)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn status(access: &Access, path: &str, pairs: &[(HeaderName, &str)]) -> u16 {
        let mut request = Request::new(axum::body::Body::empty());
        *request.headers_mut() = headers(pairs);
        *request.uri_mut() = path.parse().unwrap();
        access.check(&request).map_or_else(|refused| refused.status.as_u16(), |()| 200)
    }

    #[test]
    fn only_hosts_that_cannot_be_rebound_are_served() {
        let access = Access { hosts: vec![String::from("zoo.example")], ..Access::default() };
        let of = |host: &str| status(&access, "/", &[(header::HOST, host)]);
        for host in
            ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "10.0.0.7", "zoo.example"]
        {
            assert_eq!(of(host), 200, "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080"] {
            assert_eq!(of(host), 421, "{host}");
        }
        assert_eq!(status(&access, "/", &[]), 400);
    }

    #[test]
    fn pages_of_other_sites_are_refused_unless_allowed() {
        let access =
            Access { origins: vec!["https://a.example".parse().unwrap()], ..Access::default() };
        let of = |origin: &str| {
            status(&access, "/", &[(header::HOST, "localhost:8080"), (header::ORIGIN, origin)])
        };
        assert_eq!(of("http://localhost:8080"), 200);
        assert_eq!(of("https://a.example"), 200);
        for origin in ["http://localhost:8081", "https://b.example", "null", "http://a.example"] {
            assert_eq!(of(origin), 403, "{origin}");
        }
    }

    #[test]
    fn all_but_the_page_and_health_want_the_token() {
        let access = Access { token: Some(String::from("open sesame")), ..Access::default() };
        let of = |path: &str, authorization: Option<&str>| {
            let mut pairs = vec![(header::HOST, "localhost")];
            pairs.extend(authorization.map(|value| (header::AUTHORIZATION, value)));
            status(&access, path, &pairs)
        };
        for path in ["/", "/page/app.js", "/v2/health/live", "/v2/health/ready"] {
            assert_eq!(of(path, None), 200, "{path}");
        }
        for path in ["/v2", "/predict/cnn", "/metrics", "/runs", "/openapi.json", "/page"] {
            assert_eq!(of(path, None), 401, "{path}");
            assert_eq!(of(path, Some("Bearer open sesame")), 200, "{path}");
        }
        for wrong in
            ["open sesame", "Bearer open sesam", "Bearer open sesame ", "Basic open sesame"]
        {
            assert_eq!(of("/v2", Some(wrong)), 401, "{wrong}");
        }
    }
}
