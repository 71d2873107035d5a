//! `openapi.json`: what is said of the whole interface, and what every request of a kind may be answered.

use utoipa::{
    OpenApi,
    openapi::{
        self, Content, Ref, Required, Response, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};
use zoo_model::ZOO_VERSION;

use crate::serve::{
    guard,
    inference::{MODEL, VERSIONED},
    refused::ErrorBody,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Burn Zoo",
        description = "Trained image classifiers: predictions, explanations, runs, and the Open Inference Protocol v2.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(ErrorBody)),
    tags(
        (name = "images", description = "Classes and heat maps of images"),
        (name = "runs", description = "Training runs"),
        (name = "v2", description = "The Open Inference Protocol"),
        (name = "server", description = "The server itself"),
    )
)]
struct Described;

/// The description without paths.
pub fn begun() -> openapi::OpenApi {
    let mut document = Described::openapi();
    let token = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    document.components.get_or_insert_default().add_security_scheme("token", token);
    let none: [&str; 0] = [];
    // Without one, too: whether it is wanted is said where the server is started.
    document.security =
        Some(vec![SecurityRequirement::default(), SecurityRequirement::new("token", none)]);
    document.info.version = ZOO_VERSION.to_string();
    document
}

/// The description of all paths: those of versions added, and what every request of a kind is refused with.
pub fn completed(mut document: openapi::OpenApi) -> openapi::OpenApi {
    let paths = &mut document.paths.paths;
    let models = paths.iter().filter_map(|(path, item)| Some((path.strip_prefix(MODEL)?, item)));
    let versions: Vec<(String, PathItem)> = models
        .map(|(below, item)| (format!("{VERSIONED}{below}"), of_version(item.clone())))
        .collect();
    paths.extend(versions);
    for (path, item) in paths {
        for operation in operations(item) {
            for (status, description) in refusals(path, operation.request_body.is_some()) {
                let responses = &mut operation.responses.responses;
                let refused = || refused(description).into();
                responses.entry(status.to_string()).or_insert_with(refused);
            }
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post].into_iter().flatten()
}

/// The same of a version, of which there is one.
fn of_version(mut item: PathItem) -> PathItem {
    for operation in operations(&mut item) {
        let version = ParameterBuilder::new()
            .name("version")
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some("1"))
            .schema(Some(openapi::Object::with_type(openapi::Type::String)));
        operation.parameters.get_or_insert_default().push(version.build().into());
        operation.operation_id = operation.operation_id.take().map(|id| format!("{id}_version"));
    }
    item
}

/// Statuses and their reasons, whatever is at the path.
fn refusals(path: &str, has_body: bool) -> Vec<(u16, &'static str)> {
    let of_all: [(bool, u16, &str); 8] = [
        (has_body || path.contains('{'), 400, "The request makes no sense"),
        (!guard::is_open(path), 401, "Without the token"),
        (path.contains("{version}"), 404, "No such network or version"),
        (path.contains("{model}"), 404, "No such network"),
        (path.contains("{run}"), 404, "No such run"),
        (has_body, 413, "Too large"),
        (has_body, 415, "Compressed"),
        (has_body, 503, "Too busy: ask again later"),
    ];
    let of_this = of_all.into_iter().filter(|(is_meant, ..)| *is_meant);
    of_this.map(|(_, status, why)| (status, why)).collect()
}

fn refused(description: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Error")));
    ResponseBuilder::new().description(description).content("application/json", content).build()
}
