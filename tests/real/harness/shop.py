"""The config repository of a shop: a dozen workloads, plain YAML and kustomize overlays."""

WORKLOADS = [
    ("cart", "Deployment", 2), ("catalog", "Deployment", 2), ("checkout", "Deployment", 1),
    ("collector", "DaemonSet", 0), ("ledger", "StatefulSet", 2), ("mailer", "Deployment", 1),
    ("orders", "Deployment", 2), ("payments", "Deployment", 1), ("report", "CronJob", 0),
    ("search", "Deployment", 1), ("users", "Deployment", 1), ("web", "Deployment", 2),
]

PIPELINE = """# How versions move through the shop.
apiVersion: heddle.dev/v1
kind: Pipeline
metadata: {name: shop}
spec:
  versions:
    - images: "**"
      policy: {semver: ">=1.0.0"}
  stages:
    - name: dev
      targets: [{cluster: dev, path: clusters/dev}]
      automatic: true
    - name: staging
      from: [dev]
      targets: [{cluster: staging, path: clusters/staging}]
      automatic: true
      gates: [{soak: 10s}]
    - name: prod
      from: [staging]
      targets:
        - {cluster: prod-eu, path: clusters/prod-eu}
        - {cluster: prod-us, path: clusters/prod-us}
      waves: [[prod-eu], [prod-us]]
      gates: [{approval: {count: 1}}]
"""


# Only its first stage.
PIPELINE_OF_DEV = PIPELINE[:PIPELINE.index("    - name: staging")]

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"


def pods(name, image, indent, restart=""):
    lines = [restart] if restart else []
    lines += ["containers:", f"  - name: {name}   # the only one", f"    image: {image}"]
    return "".join(f"{indent}{line}\n" for line in lines)


def manifest(name, kind, replicas, image):
    if kind == "CronJob":
        return (f"apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n"
                f"  schedule: \"0 3 * * *\"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n"
                + pods(name, image, " " * 10, "restartPolicy: OnFailure"))
    extra = f"  replicas: {replicas}\n" if replicas else ""
    if kind == "StatefulSet":
        extra += f"  serviceName: {name}\n"
    return (f"apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n{extra}"
            f"  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n"
            f"    metadata: {{labels: {{app: {name}}}}}\n    spec:\n" + pods(name, image, " " * 6))


def files(registry, workloads=None, overlays=True):
    """Every file of the repository; each image is pushed at 1.0.0 first."""
    chosen = [row for row in WORKLOADS if workloads is None or row[0] in workloads]
    digests = {name: registry.push(f"shop/{name}", "1.0.0") for name, _, _ in chosen}
    found = {"heddle.yaml": PIPELINE}
    for cluster in ("dev", "staging"):
        found[f"clusters/{cluster}/namespace.yaml"] = NAMESPACE
        for name, kind, replicas in chosen:
            image = f"{registry.host}/shop/{name}:1.0.0@{digests[name]}"
            found[f"clusters/{cluster}/{name}.yaml"] = manifest(name, kind, replicas, image)
    if overlays:
        found["base/namespace.yaml"] = NAMESPACE
        found["base/kustomization.yaml"] = "resources:\n  - namespace.yaml\n" + "".join(
            f"  - {name}.yaml\n" for name, _, _ in chosen)
        for name, kind, replicas in chosen:
            found[f"base/{name}.yaml"] = manifest(name, kind, replicas, f"{registry.host}/shop/{name}")
        for cluster in ("prod-eu", "prod-us"):
            found[f"clusters/{cluster}/kustomization.yaml"] = (
                "resources:\n  - ../../base\nimages:\n" + "".join(
                    f"  - name: {registry.host}/shop/{name}\n    newTag: 1.0.0\n"
                    f"    digest: {digests[name]}\n" for name, _, _ in chosen))
    return found
