/*
 * manifest: the YAML that installs an agent.
 *
 * Rights are a table: what each kind needs and why.  No wildcard, no impersonation, no escalation:
 * with roles and bindings the API server itself refuses to let the agent hand out more than it has.
 * A kind that is not in the table gives a problem that names the missing right.
 */
#include <string.h>

#include "agent/agent.h"
#include "yaml/yaml.h"

/* What deploy/Containerfile is built as; a registry of one's own is named with --image. */
#define IMAGE_DEFAULT "heddle:" HEDDLE_VERSION

struct right {
    const char *group;
    const char *resources;
    const char *verbs;
    const char *why;
};

#define MANAGE "get, list, watch, create, patch, delete"
#define LOOK "get, list, watch"

static const struct right rights[] = {
    {"apps", "deployments, statefulsets, daemonsets", MANAGE, "workloads"},
    {"batch", "cronjobs, jobs", MANAGE, "workloads"},
    {"apps", "replicasets", LOOK, "the steps of a rollout"},
    {"", "pods", LOOK, "which digests run, and why they do not"},
    {"", "nodes", "list", "what the cluster has room for"},
    {"metrics.k8s.io", "nodes, pods", "list", "what is used, where metrics-server tells"},
    {"",
     "namespaces, configmaps, secrets, services, serviceaccounts, persistentvolumeclaims, "
     "resourcequotas, limitranges",
     MANAGE, "what workloads stand on"},
    {"argoproj.io", "rollouts", MANAGE, "workloads of Argo Rollouts, where it is installed"},
    {"serving.knative.dev", "services", MANAGE, "workloads of Knative, where it is installed"},
    {"helm.toolkit.fluxcd.io", "helmreleases", MANAGE, "charts, where Flux installs them"},
    {"source.toolkit.fluxcd.io", "helmrepositories, helmcharts, ocirepositories", MANAGE,
     "where those charts come from"},
    {"networking.k8s.io", "ingresses, networkpolicies", MANAGE, "their way in and out"},
    {"autoscaling", "horizontalpodautoscalers", MANAGE, "their number"},
    {"policy", "poddisruptionbudgets", MANAGE, "their protection"},
    {"rbac.authorization.k8s.io", "roles, rolebindings", MANAGE,
     "their rights, never more than these"},
};

static void add_rights(struct str *out)
{
    for (size_t i = 0; i < COUNT_OF(rights); i++) {
        str_addf(out,
                 "  # %s\n"
                 "  - apiGroups: [\"%s\"]\n"
                 "    resources: [%s]\n"
                 "    verbs: [%s]\n",
                 rights[i].why, rights[i].group, rights[i].resources, rights[i].verbs);
    }
}

static void add_account(const char *cluster, struct str *out)
{
    str_addf(
        out,
        "# The agent of the cluster %s.  Its token goes into the secret first:\n"
        "#   heddle cluster add %s > token\n"
        "#   kubectl create namespace heddle-agent\n"
        "#   kubectl -n heddle-agent create secret generic heddle-agent --from-file=token\n"
        "# Credentials for Git, where it needs any, are keys of the same secret: git-password,\n"
        "# or git-ssh-key and git-known-hosts; name them in args.\n"
        "apiVersion: v1\n"
        "kind: Namespace\n"
        "metadata:\n"
        "  name: heddle-agent\n"
        "  labels:\n"
        "    pod-security.kubernetes.io/enforce: restricted\n"
        "---\n"
        "apiVersion: v1\n"
        "kind: ServiceAccount\n"
        "metadata:\n"
        "  name: heddle-agent\n"
        "  namespace: heddle-agent\n"
        "---\n"
        "apiVersion: rbac.authorization.k8s.io/v1\n"
        "kind: ClusterRole\n"
        "metadata:\n"
        "  name: heddle-agent\n"
        "rules:\n",
        cluster, cluster);
    add_rights(out);
    str_add(out, "---\n"
                 "apiVersion: rbac.authorization.k8s.io/v1\n"
                 "kind: ClusterRoleBinding\n"
                 "metadata:\n"
                 "  name: heddle-agent\n"
                 "roleRef:\n"
                 "  apiGroup: rbac.authorization.k8s.io\n"
                 "  kind: ClusterRole\n"
                 "  name: heddle-agent\n"
                 "subjects:\n"
                 "  - kind: ServiceAccount\n"
                 "    name: heddle-agent\n"
                 "    namespace: heddle-agent\n");
}

static void add_argument(struct str *out, const char *flag, const char *value)
{
    AUTO_STR(argument, 4096);
    str_addf(&argument, "%s=%s", flag, value);
    str_add(out, "            - ");
    yaml_write_scalar(out, argument.text);
    str_add(out, "\n");
}

static void add_arguments(const struct agent_options *options, struct str *out)
{
    str_add(out, "          args:\n            - agent\n");
    add_argument(out, "--server", options->server ? options->server : "SERVER_URL");
    add_argument(out, "--cluster", options->cluster);
    add_argument(out, "--repository", options->repository ? options->repository : "REPOSITORY_URL");
    add_argument(out, "--branch", options->branch ? options->branch : "main");
    add_argument(out, "--path", options->path ? options->path : "PATH_IN_REPOSITORY");
    add_argument(out, "--token-file", "/var/run/heddle/token");
    add_argument(out, "--data", "/var/lib/heddle-agent");
}

static void add_pod_head(struct str *out)
{
    str_add(out, "---\n"
                 "apiVersion: apps/v1\n"
                 "kind: Deployment\n"
                 "metadata:\n"
                 "  name: heddle-agent\n"
                 "  namespace: heddle-agent\n"
                 "spec:\n"
                 "  replicas: 1\n"
                 "  strategy:\n"
                 "    type: Recreate # two agents of one cluster would get in each other's way\n"
                 "  selector:\n"
                 "    matchLabels:\n"
                 "      app.kubernetes.io/name: heddle-agent\n"
                 "  template:\n"
                 "    metadata:\n"
                 "      labels:\n"
                 "        app.kubernetes.io/name: heddle-agent\n"
                 "    spec:\n"
                 "      serviceAccountName: heddle-agent\n"
                 "      securityContext:\n"
                 "        runAsNonRoot: true\n"
                 "        runAsUser: 65532\n"
                 "        fsGroup: 65532\n"
                 "        seccompProfile:\n"
                 "          type: RuntimeDefault\n"
                 "      containers:\n"
                 "        - name: agent\n");
}

static void add_pod_tail(struct str *out)
{
    str_add(out, "          resources:\n"
                 "            requests:\n"
                 "              cpu: 10m\n"
                 "              memory: 32Mi\n"
                 "            limits:\n"
                 "              memory: 256Mi\n"
                 "          securityContext:\n"
                 "            allowPrivilegeEscalation: false\n"
                 "            readOnlyRootFilesystem: true\n"
                 "            capabilities:\n"
                 "              drop: [ALL]\n"
                 "          volumeMounts:\n"
                 "            - name: secret\n"
                 "              mountPath: /var/run/heddle\n"
                 "              readOnly: true\n"
                 "            - name: data\n"
                 "              mountPath: /var/lib/heddle-agent\n"
                 "            - name: tmp\n"
                 "              mountPath: /tmp\n"
                 "      volumes:\n"
                 "        - name: secret\n"
                 "          secret:\n"
                 "            secretName: heddle-agent\n"
                 "            defaultMode: 0440\n"
                 "        # A cache: what the agent owns is written on the objects themselves.\n"
                 "        - name: data\n"
                 "          emptyDir: {}\n"
                 "        - name: tmp\n"
                 "          emptyDir: {}\n");
}

void agent_manifest(const struct agent_options *options, const char *image, struct str *out)
{
    add_account(options->cluster, out);
    add_pod_head(out);
    str_add(out, "          image: ");
    yaml_write_scalar(out, image ? image : IMAGE_DEFAULT);
    str_add(out, "\n");
    add_arguments(options, out);
    add_pod_tail(out);
}
