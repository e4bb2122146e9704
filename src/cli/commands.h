/* commands: the row of each command; each is defined in the file of its name.  Private to cli. */
#pragma once

#include "cli/cli.h"

extern const struct cli_command command_approve, command_check, command_cluster_add,
    command_complete, command_completion, command_describe, command_describe_cluster, command_diff,
    command_doctor, command_get_board, command_get_chart_versions, command_get_clusters,
    command_get_holds, command_get_releases, command_get_versions, command_help, command_history,
    command_hold, command_login, command_logout, command_promote, command_reject, command_resume,
    command_retry, command_rollback, command_scan, command_schema, command_set_image, command_stop,
    command_sync, command_token_create, command_token_list, command_token_revoke, command_version,
    command_watch, command_whoami, command_why;
