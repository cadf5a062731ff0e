//! Which backend a request goes to, and under which path: the client names neither.

use std::sync::Arc;

use http::Uri;
use http::uri::PathAndQuery;

use crate::route::Route;

/// A backend, and the path and query with which it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) route: Arc<Route>,
    pub(crate) path: PathAndQuery,
}

/// Why a request has no target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TargetError {
    /// No route begins the path.
    NoRoute,
    /// A path that a backend might read as another one than the gateway does.
    Ambiguous,
}

impl Target {
    /// Finds the longest route that begins the path of a request, at the end of a segment.
    ///
    /// A path that could mean something else to the backend is refused rather than rewritten: dot segments, empty segments,
    /// encoded slashes, backslashes. Browsers send none of these.
    pub(crate) fn find(routes: &[Arc<Route>], uri: &Uri) -> Result<Self, TargetError> {
        let path = uri.path();
        if !is_plain(path) {
            return Err(TargetError::Ambiguous);
        }
        let (route, rest) = routes
            .iter()
            .filter_map(|route| Some((route, route.rest_of(path)?)))
            .max_by_key(|(route, _)| route.path().len())
            .ok_or(TargetError::NoRoute)?;
        let mut asked = route.backend_path(rest);
        if let Some(query) = uri.query() {
            asked.push('?');
            asked.push_str(query);
        }
        let path = PathAndQuery::try_from(asked).map_err(|_| TargetError::Ambiguous)?;
        Ok(Self {
            route: Arc::clone(route),
            path,
        })
    }
}

fn is_plain(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    if lower.contains('\\')
        || lower.contains("%5c")
        || lower.contains("%2f")
        || lower.contains("%00")
    {
        return false;
    }
    let Some(inner) = lower.strip_prefix('/') else {
        return false;
    };
    let mut segments = inner.split('/').peekable();
    while let Some(segment) = segments.next() {
        let decoded = segment.replace("%2e", ".");
        let is_last = segments.peek().is_none();
        if matches!(decoded.as_str(), "." | "..") || (decoded.is_empty() && !is_last) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(routes: &[(&str, &str)], uri: &str) -> Result<String, TargetError> {
        let routes: Vec<_> = routes
            .iter()
            .map(|(path, backend)| Arc::new(Route::new(path, backend).expect("a route")))
            .collect();
        let uri: Uri = uri.parse().expect("a URI");
        Target::find(&routes, &uri)
            .map(|target| format!("{}{}", target.route.backend(), target.path))
    }

    #[test]
    fn the_longest_route_takes_the_request_at_the_end_of_a_segment() {
        let routes = [
            ("/", "ws://root.test"),
            ("/chat", "ws://chat.test:1234/ws"),
            ("/chat/admin/", "wss://admin.test/"),
        ];
        for (uri, asked) in [
            ("/", "ws://root.test/"),
            ("/chatter?x=1", "ws://root.test/chatter?x=1"),
            ("/chat", "ws://chat.test:1234/ws"),
            ("/chat?token=a%2Fb", "ws://chat.test:1234/ws?token=a%2Fb"),
            ("/chat/", "ws://chat.test:1234/ws/"),
            ("/chat/room/7", "ws://chat.test:1234/ws/room/7"),
            ("/chat/admin", "wss://admin.test/"),
            ("/chat/admin/x", "wss://admin.test/x"),
            ("http://elsewhere.test/chat", "ws://chat.test:1234/ws"),
        ] {
            assert_eq!(find(&routes, uri).as_deref(), Ok(asked), "{uri}");
        }
        assert_eq!(find(&routes[1..], "/other"), Err(TargetError::NoRoute));
    }

    #[test]
    fn a_path_that_could_leave_the_backend_is_refused() {
        let routes = [("/chat", "ws://chat.test/ws")];
        for uri in [
            "/chat/../admin",
            "/chat/..",
            "/chat/./x",
            "/chat/%2e%2e/admin",
            "/chat/.%2E/admin",
            "/chat/..%2fadmin",
            "/chat/x%5c..%5cadmin",
            "/chat//evil.test/x",
            "//evil.test/chat",
            "/chat/x%00",
        ] {
            assert_eq!(find(&routes, uri), Err(TargetError::Ambiguous), "{uri}");
        }
    }
}
