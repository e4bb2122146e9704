/* The table of routes: method, path, permission.  What is not here cannot be reached. */
#include "api/internal.h"

/* A report of thousands of workloads. */
#define REPORT_BYTES_MAX (16U << 20)
/* Push events of large commits; packages with all their metadata. */
#define HOOK_BYTES_MAX (3U << 20)

const struct http_route api_routes[] = {
    {HTTP_GET, "/healthz", PERMISSION_PUBLIC, show_health, "Is the process alive?"},
    {HTTP_GET, "/readyz", PERMISSION_PUBLIC, show_ready, "Can it do its work?"},
    {HTTP_GET, "/metrics", PERMISSION_PUBLIC, show_metrics, "Prometheus metrics"},
    {HTTP_GET, "/api/v1/openapi.json", PERMISSION_PUBLIC, show_openapi, "This API as OpenAPI 3.1"},
    {HTTP_GET, "/api/v1/whoami", PERMISSION_VIEW, show_whoami, "Who holds this token?"},
    {HTTP_POST, "/api/v1/session", PERMISSION_PUBLIC, sign_in, "Sign a browser in"},
    {HTTP_DELETE, "/api/v1/session", PERMISSION_VIEW, sign_out, "Sign this browser out"},
    {HTTP_GET, "/api/v1/sessions", PERMISSION_VIEW, list_sessions,
     "Browsers that are signed in with this token"},
    {HTTP_DELETE, "/api/v1/sessions", PERMISSION_VIEW, sign_out_everywhere,
     "Sign out every browser of this token"},
    {HTTP_GET, "/api/v1/board", PERMISSION_VIEW, show_board, "Every workload in every stage"},
    {HTTP_GET, "/api/v1/cells/{stage}/{workload}", PERMISSION_VIEW, show_cell,
     "One workload in one stage, and why it is as it is"},
    {HTTP_GET, "/api/v1/pipeline", PERMISSION_VIEW, show_pipeline, "Stages, targets and gates"},
    {HTTP_GET, "/api/v1/releases", PERMISSION_VIEW, list_releases, "Releases, newest first"},
    {HTTP_GET, "/api/v1/releases/{id}", PERMISSION_VIEW, show_release, "One release"},
    {HTTP_GET, "/api/v1/releases/{id}/diff", PERMISSION_VIEW, show_release_diff,
     "The exact Git diff of a release"},
    {HTTP_GET, "/api/v1/releases/{id}/impact", PERMISSION_VIEW, show_release_impact,
     "What a release asks of the nodes"},
    {HTTP_GET, "/api/v1/clusters", PERMISSION_VIEW, list_clusters, "Clusters and their agents"},
    {HTTP_GET, "/api/v1/clusters/{name}", PERMISSION_VIEW, show_cluster, "One cluster"},
    {HTTP_GET, "/api/v1/versions", PERMISSION_VIEW, list_versions, "Versions found in registries"},
    {HTTP_GET, "/api/v1/outages", PERMISSION_VIEW, list_outages,
     "The Git host and registries that cannot be reached"},
    {HTTP_GET, "/api/v1/holds", PERMISSION_VIEW, list_holds, "Holds in force"},
    {HTTP_GET, "/api/v1/audit", PERMISSION_ADMIN, list_audit, "Who did what"},
    {HTTP_GET, "/api/v1/events", PERMISSION_VIEW, follow_events, "The event stream"},
    {HTTP_POST, "/api/v1/plans", PERMISSION_VIEW, make_plan, "What would a promotion change?"},
    {HTTP_POST, "/api/v1/releases", PERMISSION_PROMOTE, make_release, "Promote"},
    {HTTP_POST, "/api/v1/releases/{id}/approve", PERMISSION_APPROVE, approve_release, "Approve"},
    {HTTP_POST, "/api/v1/releases/{id}/reject", PERMISSION_APPROVE, reject_release, "Reject"},
    {HTTP_POST, "/api/v1/releases/{id}/stop", PERMISSION_PROMOTE, stop_release, "Stop"},
    {HTTP_POST, "/api/v1/releases/{id}/retry", PERMISSION_PROMOTE, retry_release, "Try again"},
    {HTTP_POST, "/api/v1/rollbacks", PERMISSION_PROMOTE, make_rollback, "Roll back"},
    {HTTP_POST, "/api/v1/holds", PERMISSION_PROMOTE, make_hold, "Hold automation"},
    {HTTP_POST, "/api/v1/holds/end", PERMISSION_PROMOTE, end_hold, "Resume automation"},
    {HTTP_POST, "/api/v1/sync", PERMISSION_PROMOTE, sync_now, "Look at Git now"},
    {HTTP_POST, "/api/v1/clusters", PERMISSION_ADMIN, add_cluster, "Add a cluster"},
    {HTTP_GET, "/api/v1/tokens", PERMISSION_ADMIN, list_tokens, "Tokens"},
    {HTTP_POST, "/api/v1/tokens", PERMISSION_ADMIN, make_token, "Make a token"},
    {HTTP_DELETE, "/api/v1/tokens/{name}", PERMISSION_ADMIN, revoke_token, "Revoke a token"},
    {HTTP_POST, "/api/v1/agent/report", PERMISSION_REPORT, take_report, "An agent's report",
     REPORT_BYTES_MAX},
    {HTTP_GET, "/api/v1/agent/commands", PERMISSION_REPORT, follow_commands,
     "Commands to an agent"},
    {HTTP_POST, HOOK_REGISTRY, PERMISSION_PUBLIC, hear_registry, "A registry's notification",
     HOOK_BYTES_MAX},
    {HTTP_POST, HOOK_REGISTRY "/{key}", PERMISSION_PUBLIC, hear_registry,
     "The same, of a sender that cannot sign", HOOK_BYTES_MAX},
    {HTTP_POST, HOOK_GIT, PERMISSION_PUBLIC, hear_git, "A Git host's push", HOOK_BYTES_MAX},
    {HTTP_POST, HOOK_GIT "/{key}", PERMISSION_PUBLIC, hear_git,
     "The same, of a sender that cannot sign", HOOK_BYTES_MAX},
    {HTTP_GET, "/", PERMISSION_PUBLIC, show_page, "The web UI"},
    {HTTP_GET, "/{path...}", PERMISSION_PUBLIC, show_page, "Its files, and links into it"},
};
const size_t api_route_count = COUNT_OF(api_routes);

/* A handler that serves pages names its own policy, which then counts. */
const struct http_header_text api_headers[] = {
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};
const size_t api_header_count = COUNT_OF(api_headers);
