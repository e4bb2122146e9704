"""Kustomizations made up from a seed: folders that kustomize and heddle must render alike."""
import os
import random

NAMES = ["web", "api", "config", "creds", "data"]
NAMESPACES = ["shop", "team-a", "default"]
PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Blank:
    """A null of which nothing is written."""


# ---- writing YAML in many styles ----


def scalar(dice, value):
    if isinstance(value, Blank):
        return ""
    if value is None:
        return dice.choice(["null", "~"])
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    is_word = value and set(value) <= PLAIN | set("-/.") and value[0] in PLAIN
    is_word = is_word and value.lower() not in ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
    quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if is_word:
        return dice.choice([value, value, value, quoted, "'" + value + "'"])
    return quoted


def block(dice, value, indent):
    pad = "  " * indent
    if isinstance(value, dict) and value:
        out = ""
        for key, item in value.items():
            word = key if set(key) <= PLAIN | set("-/.$") else '"' + key + '"'
            out += f"{pad}{word}:" + below(dice, item, indent)
        return out
    out = ""
    for item in value:
        if isinstance(item, dict) and item:
            out += pad + "- " + block(dice, item, indent + 1).lstrip(" ")
        else:
            out += f"{pad}- " + below(dice, item, indent).lstrip(" \n")
    return out


def below(dice, value, indent):
    if isinstance(value, dict) and not value:
        return " {}\n"
    if isinstance(value, list) and not value:
        return " []\n"
    if isinstance(value, (dict, list)):
        return "\n" + block(dice, value, indent + 1)
    if isinstance(value, str) and value.endswith("\n") and value.strip("\n") and not value.endswith("\n\n"):
        lines = value[:-1].split("\n")
        return " |\n" + "".join("  " * (indent + 1) + line + "\n" for line in lines)
    return " " + scalar(dice, value) + "\n"


def document(dice, value):
    return block(dice, value, 0) if isinstance(value, list) or value else "{}\n"


# ---- objects ----


def maybe(dice, chance):
    return dice.random() < chance


def metadata(dice, name, namespace):
    made = {"name": name}
    if namespace:
        made["namespace"] = namespace
    if maybe(dice, 0.3):
        made["labels"] = {"app": name, **({"tier": dice.choice(["front", "back"])} if maybe(dice, 0.4) else {})}
    if maybe(dice, 0.2):
        made["annotations"] = {"note": dice.choice(["yes", "plain", "1", ""])}
    if maybe(dice, 0.05):
        made["creationTimestamp"] = dice.choice([None, Blank()])
    if maybe(dice, 0.08):
        made["finalizers"] = dice.sample(["a.example/x", "b.example/y", "c.example/z"], 2)
    return made


def env(dice):
    made = []
    for name in dice.sample(["A", "B", "C", "D"], dice.randint(0, 3)):
        kind = dice.randint(0, 3)
        if kind == 0:
            made.append({"name": name, "valueFrom": {"configMapKeyRef": {"name": dice.choice(NAMES), "key": "k"}}})
        elif kind == 1:
            made.append({"name": name, "valueFrom": {"secretKeyRef": {"name": dice.choice(NAMES), "key": "k"}}})
        else:
            made.append({"name": name, "value": dice.choice(["1", "x", "true", "two words"])})
    return made


def port(dice, key):
    made = {key: dice.choice([80, 443, 8080])}
    if maybe(dice, 0.4):
        made["name"] = dice.choice(["http", "https"])
    if maybe(dice, 0.4):
        made["protocol"] = dice.choice(["TCP", "UDP"])
    return made


def container(dice, name):
    made = {"name": name, "image": dice.choice(["shop/web:1", "shop/api:2.0", "ghcr.io/x/y@sha256:" + "a" * 64])}
    if maybe(dice, 0.6):
        made["env"] = env(dice)
    if maybe(dice, 0.5):
        made["ports"] = [port(dice, "containerPort") for _ in range(dice.randint(1, 2))]
    if maybe(dice, 0.3):
        made["envFrom"] = [{"configMapRef": {"name": dice.choice(NAMES)}}, {"secretRef": {"name": dice.choice(NAMES)}}]
    if maybe(dice, 0.3):
        made["volumeMounts"] = [{"name": "v", "mountPath": "/v"}, {"name": "w", "mountPath": "/w"}][:dice.randint(1, 2)]
    if maybe(dice, 0.3):
        made["resources"] = {"limits": {"cpu": "1", "memory": "1Gi"}}
    if maybe(dice, 0.2):
        made["args"] = ["--x", "--y=1"]
    if maybe(dice, 0.1):
        made["securityContext"] = {}
    return made


def volume(dice, name):
    return {"name": name, **dice.choice([
        {"configMap": {"name": dice.choice(NAMES)}},
        {"secret": {"secretName": dice.choice(NAMES)}},
        {"emptyDir": {}},
        {"persistentVolumeClaim": {"claimName": dice.choice(NAMES)}},
        {"projected": {"sources": [{"configMap": {"name": dice.choice(NAMES)}}, {"secret": {"name": dice.choice(NAMES)}}]}},
    ])}


def pod(dice):
    made = {"containers": [container(dice, n) for n in dice.sample(["main", "side", "log"], dice.randint(1, 2))]}
    if maybe(dice, 0.25):
        made["initContainers"] = [container(dice, "init")]
    if maybe(dice, 0.4):
        made["volumes"] = [volume(dice, n) for n in ["v", "w"][:dice.randint(1, 2)]]
    if maybe(dice, 0.3):
        made["serviceAccountName"] = dice.choice(NAMES)
    if maybe(dice, 0.2):
        made["imagePullSecrets"] = [{"name": dice.choice(NAMES)}]
    if maybe(dice, 0.15):
        made["tolerations"] = [{"key": "a", "operator": "Exists"}]
    if maybe(dice, 0.1):
        made["topologySpreadConstraints"] = [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
                                              "labelSelector": {"matchLabels": {"app": "x"}}}]
    if maybe(dice, 0.1):
        made["hostAliases"] = [{"ip": "10.0.0.1", "hostnames": ["a"]}]
    return made


def workload(dice, kind, name, namespace):
    template = {"metadata": {"labels": {"app": name}}, "spec": pod(dice)}
    if maybe(dice, 0.1):
        template = {"spec": pod(dice)}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if kind in ("Deployment", "StatefulSet") and maybe(dice, 0.6):
        spec["replicas"] = dice.randint(1, 5)
    if kind == "StatefulSet":
        spec["serviceName"] = dice.choice(NAMES)
        if maybe(dice, 0.3):
            spec["volumeClaimTemplates"] = [{"metadata": {"name": "v"}, "spec": {"storageClassName": dice.choice(NAMES)}}]
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata(dice, name, namespace), "spec": spec}


def cron_job(dice, name, namespace):
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata(dice, name, namespace),
            "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": pod(dice)}}}}}


def binding(dice, name, namespace, cluster):
    subjects = [{"kind": dice.choice(["ServiceAccount", "ServiceAccount", "User"]),
                 "name": dice.choice(NAMES + ["default"]),
                 **({"namespace": dice.choice(NAMESPACES)} if maybe(dice, 0.6) else {})}
                for _ in range(dice.randint(1, 2))]
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding" if cluster else "RoleBinding",
            "metadata": metadata(dice, name, None if cluster else namespace), "subjects": subjects,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io",
                        "kind": "ClusterRole" if cluster else dice.choice(["Role", "ClusterRole"]),
                        "name": dice.choice(NAMES)}}


def role(dice, name, namespace, cluster):
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole" if cluster else "Role",
            "metadata": metadata(dice, name, None if cluster else namespace),
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"],
                       "resourceNames": dice.sample(NAMES, 2)}]}


def ingress(dice, name, namespace):
    made = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata(dice, name, namespace),
            "spec": {"rules": [{"host": "a.example", "http": {"paths": [
                {"path": "/", "pathType": "Prefix",
                 "backend": {"service": {"name": dice.choice(NAMES), "port": {"number": 80}}}}]}}]}}
    if maybe(dice, 0.5):
        made["spec"]["tls"] = [{"secretName": dice.choice(NAMES), "hosts": ["a.example"]}]
    if maybe(dice, 0.4):
        made["metadata"].setdefault("annotations", {})["nginx.ingress.kubernetes.io/auth-secret"] = dice.choice(NAMES)
    return made


def one_object(dice, name, namespace):
    simple = {
        "ServiceAccount": {"apiVersion": "v1", "imagePullSecrets": [{"name": dice.choice(NAMES)}]},
        "PersistentVolumeClaim": {"apiVersion": "v1", "spec": {"storageClassName": dice.choice(NAMES)}},
        "ConfigMap": {"apiVersion": "v1", "data": {"k": dice.choice(["v", "1", "a: b\nc: d\n"]), "port": "8080"}},
        "Secret": {"apiVersion": "v1", "type": "Opaque", "data": {"k": "dg=="}},
        "Service": {"apiVersion": "v1", "spec": {"selector": {"app": name},
                                                 "ports": [port(dice, "port") for _ in range(dice.randint(1, 2))]}},
        "HorizontalPodAutoscaler": {"apiVersion": "autoscaling/v2", "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": dice.choice(["Deployment", "StatefulSet"]),
                               "name": dice.choice(NAMES)}, "maxReplicas": 3}},
        "NetworkPolicy": {"apiVersion": "networking.k8s.io/v1", "spec": {"podSelector": {"matchLabels": {"app": name}},
                                                                         "ingress": [{"from": [{"podSelector": {}}]}]}},
        "PodDisruptionBudget": {"apiVersion": "policy/v1", "spec": {"minAvailable": 1,
                                                                    "selector": {"matchLabels": {"app": name}}}},
        "Widget": {"apiVersion": "example.com/v1", "spec": {"parts": [{"name": "a", "size": 1}, {"name": "b"}],
                                                            "nested": {"list": [1, 2], "empty": {}, "none": Blank()}}},
    }
    of_cluster = {
        "Namespace": {"apiVersion": "v1"},
        "StorageClass": {"apiVersion": "storage.k8s.io/v1", "provisioner": "x", "parameters": {"secretName": name}},
        "PriorityClass": {"apiVersion": "scheduling.k8s.io/v1", "value": 1},
        "PersistentVolume": {"apiVersion": "v1", "spec": {"storageClassName": dice.choice(NAMES)}},
        "ValidatingWebhookConfiguration": {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "webhooks": [{"name": "a.example", "clientConfig": {"service": {
                "name": dice.choice(NAMES), "namespace": dice.choice(NAMESPACES)}}}]},
        "ValidatingAdmissionPolicy": {"apiVersion": "admissionregistration.k8s.io/v1", "spec": {"validations": []}},
        "FlowSchema": {"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "spec": {"matchingPrecedence": 1}},
    }
    kind = dice.choice(["Deployment"] * 5 + ["StatefulSet"] * 2 + ["DaemonSet", "CronJob", "Binding", "ClusterBinding",
                                                                   "Role", "ClusterRole", "Ingress", "Ingress"]
                       + list(simple) * 2 + list(of_cluster))
    if kind in ("Deployment", "StatefulSet", "DaemonSet"):
        return workload(dice, kind, name, namespace)
    if kind == "CronJob":
        return cron_job(dice, name, namespace)
    if kind in ("Binding", "ClusterBinding"):
        return binding(dice, name, namespace, kind == "ClusterBinding")
    if kind in ("Role", "ClusterRole"):
        return role(dice, name, namespace, kind == "ClusterRole")
    if kind == "Ingress":
        return ingress(dice, name, namespace)
    if kind in simple:
        return {"kind": kind, "metadata": metadata(dice, name, namespace), **simple[kind]}
    return {"kind": kind, "metadata": metadata(dice, name, None), **of_cluster[kind]}


# ---- kustomizations ----


class Maker:
    def __init__(self, seed, root):
        self.dice = random.Random(seed)
        self.root = root
        self.objects = []  # what was written anywhere, for patches to aim at

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)

    def resources(self, folder, count):
        dice = self.dice
        names = []
        namespace = dice.choice([None, None, None] + NAMESPACES)
        seen = set()
        for n in range(count):
            name = dice.choice(NAMES)
            made = [one_object(dice, name, namespace) for _ in range(dice.randint(1, 2))]
            made = [m for m in made if (m["kind"], name) not in seen and not seen.add((m["kind"], name))]
            if not made:
                continue
            self.objects += made
            self.write(f"{folder}/{n}.yaml", "---\n".join(document(dice, m) for m in made))
            names.append(f"{n}.yaml")
        return names

    # -- patches --

    def merge_patch(self, target):
        dice = self.dice
        patch = {"apiVersion": target["apiVersion"], "kind": target["kind"],
                 "metadata": {"name": target["metadata"]["name"]}}
        if "namespace" in target["metadata"]:
            patch["metadata"]["namespace"] = target["metadata"]["namespace"]
        if maybe(dice, 0.3):
            patch["metadata"]["labels"] = {"patched": "true"}
        if maybe(dice, 0.2):
            patch["metadata"]["annotations"] = {dice.choice(["note", "new"]): dice.choice(["x", "2"])}
        if maybe(dice, 0.05):
            patch["metadata"]["finalizers"] = ["new.example/f"]
        if maybe(dice, 0.04):
            return {**patch, "$patch": "delete"}
        spec = target.get("spec")
        if target["kind"] in ("Deployment", "StatefulSet", "DaemonSet"):
            patch["spec"] = self.workload_patch(spec)
        elif target["kind"] == "Service":
            patch["spec"] = dice.choice([
                {"type": "NodePort"}, {"ports": [port(dice, "port")]}, {"selector": {"app": None, "x": "y"}},
                {"ports": [{"port": spec["ports"][0]["port"], "targetPort": 9}]},
                {"ports": [{"$patch": "replace"}, {"port": 1}]}])
        elif target["kind"] == "ConfigMap":
            patch["data"] = dice.choice([{"k": "patched"}, {"new": "x", "k": None}, {"$patch": "replace", "only": "1"}])
        elif target["kind"] == "Widget":
            patch["spec"] = dice.choice([{"parts": [{"name": "a", "size": 2}]}, {"nested": {"list": [3], "none": "x"}},
                                         {"nested": None}, {"more": {"a": None, "b": 1}}, {"nested": {"$patch": "delete"}}])
        elif target["kind"] == "Ingress":
            patch["spec"] = {"ingressClassName": dice.choice(NAMES)}
        return patch

    def workload_patch(self, spec):
        dice = self.dice
        name = spec["template"]["spec"]["containers"][0]["name"]
        other = dice.choice(["main", "side", "new"])
        choice = dice.randint(0, 13)
        if choice == 0:
            return {"replicas": dice.randint(2, 9)}
        pod_patch = [
            {"containers": [{"name": name, "image": "patched:1"}]},
            {"containers": [{"name": name, "env": env(dice)}]},
            {"containers": [{"name": other, "image": "other:1", "env": [{"name": "A", "value": "z"}]}]},
            {"containers": [{"name": name, "ports": [port(dice, "containerPort")]}]},
            {"containers": [{"name": name, "$patch": "delete"}, {"name": "sole", "image": "s:1"}]},
            {"containers": [{"name": name, "resources": {"limits": {"cpu": None, "memory": "2Gi"}}}]},
            {"containers": [{"name": name, "resources": {"$patch": "replace", "requests": {"cpu": "1"}}}]},
            {"containers": [{"$patch": "replace"}, {"name": "only", "image": "o:1"}]},
            {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "n", "configMap": {"name": dice.choice(NAMES)}}]},
            {"volumes": [{"name": "v", "$patch": "delete"}]},
            {"tolerations": [{"key": "b", "operator": "Exists"}], "serviceAccountName": dice.choice(NAMES)},
            {"containers": [{"name": name, "args": ["--z"], "volumeMounts": [{"name": "v", "mountPath": "/z"}]}]},
            {"imagePullSecrets": [{"name": dice.choice(NAMES)}], "nodeSelector": {"a": "b"}},
        ][choice - 1]
        return {"template": {"spec": pod_patch}}

    def operations(self, target):
        dice = self.dice
        made = [{"op": "add", "path": "/metadata/annotations/json", "value": "1"}]
        if maybe(dice, 0.3):
            made.append({"op": "add", "path": "/metadata/labels", "value": {"json": "yes"}})
        if target["kind"] in ("Deployment", "StatefulSet", "DaemonSet"):
            base = "/spec/template/spec/containers/0"
            made.append(dice.choice([
                {"op": "replace", "path": base + "/image", "value": "json:1"},
                {"op": "add", "path": base + "/command", "value": ["a", "b"]},
                {"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "j", "image": "j:1"}},
                {"op": "remove", "path": base + "/image"},
                {"op": "copy", "from": base + "/image", "path": "/spec/template/spec/nodeName"},
                {"op": "move", "from": "/spec/template/spec/containers", "path": "/spec/template/spec/initContainers"},
                {"op": "replace", "path": "/spec/replicas", "value": 7},
                {"op": "test", "path": "/kind", "value": target["kind"]},
                {"op": "add", "path": "/spec/a~1b", "value": None}]))
        if target["kind"] == "ConfigMap" and "k" in target["data"] and maybe(dice, 0.5):
            made.append({"op": "replace", "path": "/data/k", "value": "json"})
        if maybe(dice, 0.02):
            made.append({"op": "remove", "path": "/not/there"})
        return made

    def selector(self, target):
        dice = self.dice
        name = target["metadata"]["name"]
        made = {"kind": target["kind"]}
        choice = dice.randint(0, 5)
        if choice == 0:
            made["name"] = name
        elif choice == 1:
            made = {"name": dice.choice([".*", name[0] + ".*", f"{name}|api", "^web$", "we?b+"])}
            made["kind"] = dice.choice([target["kind"], "Deployment|StatefulSet"])
        elif choice == 2:
            made["group"], _, made["version"] = ("/" + target["apiVersion"]).rpartition("/")
            made["group"] = made["group"].lstrip("/")
        elif choice == 3:
            made["labelSelector"] = dice.choice(["app=" + name, "tier", "!tier", "app==" + name + ",tier!=front"])
        elif choice == 4:
            made["namespace"] = dice.choice(NAMESPACES)
        else:
            made["annotationSelector"] = "note"
        return made

    def patches(self, folder, kustomization, number):
        dice = self.dice
        if not self.objects:
            return
        target = dice.choice(self.objects)
        style = dice.randint(0, 5)
        if style <= 2:
            patch = self.merge_patch(target)
            entry = {}
            if style == 2:
                entry["target"] = self.selector(target)
        else:
            patch = self.operations(target)
            entry = {"target": self.selector(target)}
        text = document(dice, patch)
        if style == 5 and maybe(dice, 0.5):
            if maybe(dice, 0.8):
                entry["target"]["name"] = target["metadata"]["name"]
            if maybe(dice, 0.8):
                patch = [{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]
                text = document(dice, patch)
            kustomization.setdefault("patchesJson6902", []).append({**entry, "patch": text})
        elif style == 0 and maybe(dice, 0.6):
            if maybe(dice, 0.5):
                self.write(f"{folder}/patch-{number}.yaml", text)
                text = f"patch-{number}.yaml"
            kustomization.setdefault("patchesStrategicMerge", []).append(text)
        else:
            if maybe(dice, 0.4):
                self.write(f"{folder}/patch-{number}.yaml", text)
                entry["path"] = f"patch-{number}.yaml"
            else:
                entry["patch"] = text
            kustomization.setdefault("patches", []).append(entry)

    # -- generators --

    def generator(self, folder, kustomization):
        dice = self.dice
        entry = {"name": dice.choice(NAMES)}
        if maybe(dice, 0.7):
            entry["literals"] = dice.choice([["a=1"], ["a=1", "b=two words"], ["q='x=y'", "h=<&>"], ['e="\u00e4\u2028"']])
        if maybe(dice, 0.4):
            self.write(f"{folder}/some.txt", dice.choice(["text\n", "", "two\nlines", "x" * 300]))
            entry["files"] = [dice.choice(["some.txt", "key=some.txt"])]
        if maybe(dice, 0.3):
            self.write(f"{folder}/some.env", dice.choice(["X=1\n# no\n\nY=2=3\n", "\ufeffX=1\r\n  Z=\r\n", "JUST\n"]))
            entry["envs"] = ["some.env"]
        if maybe(dice, 0.2):
            entry["namespace"] = dice.choice(NAMESPACES)
        field = dice.choice(["configMapGenerator", "configMapGenerator", "secretGenerator"])
        kind = "ConfigMap" if field[0] == "c" else "Secret"
        like = [o["metadata"] for o in self.objects if (o["kind"], o["metadata"]["name"]) == (kind, entry["name"])]
        if like and maybe(dice, 0.95):
            entry["behavior"] = dice.choice(["merge", "replace"])
            entry.pop("namespace", None)
            if "namespace" in like[0]:
                entry["namespace"] = like[0]["namespace"]
        elif maybe(dice, 0.05):
            entry["behavior"] = dice.choice(["create", "merge", "replace"])
        if maybe(dice, 0.3):
            entry["options"] = dice.choice([{"disableNameSuffixHash": True}, {"labels": {"gen": "yes"}},
                                            {"annotations": {"gen": "yes"}, "immutable": True}])
        if field == "secretGenerator" and maybe(dice, 0.3):
            entry["type"] = "kubernetes.io/tls"
        kustomization.setdefault(field, []).append(entry)
        self.objects.append({"apiVersion": "v1", "kind": kind,
                             "metadata": {k: entry[k] for k in ("name", "namespace") if k in entry},
                             "data": {}})
        if maybe(dice, 0.3):
            kustomization["generatorOptions"] = dice.choice([
                {"disableNameSuffixHash": True}, {"labels": {"all": "yes", "gen": "no"}}, {"immutable": True}])

    # -- replacements --

    def replacement(self, folder, kustomization, number):
        dice = self.dice
        source = dice.choice(self.objects)
        target = dice.choice(self.objects)
        entry = {"source": {"kind": source["kind"], "name": source["metadata"]["name"]}}
        if source["kind"] == "ConfigMap" and maybe(dice, 0.6):
            entry["source"]["fieldPath"] = "data." + dice.choice(["k", "port"] if "k" in source["data"] else ["a", "k"])
        elif source["kind"] in ("Deployment", "StatefulSet") and maybe(dice, 0.6):
            entry["source"]["fieldPath"] = dice.choice([
                "spec.template.spec.containers.0.image", "spec.replicas", "spec.template.metadata.labels",
                "spec.template.spec.containers.[name=main].image"])
            if maybe(dice, 0.3):
                entry["source"]["options"] = {"delimiter": ":", "index": dice.randint(0, 1)}
        elif maybe(dice, 0.5):
            entry["source"]["fieldPath"] = "metadata.name"
        made = target["metadata"]
        paths = ["metadata.name"]
        paths += ["metadata.labels.app"] if "labels" in made or maybe(dice, 0.1) else []
        paths += ["metadata.annotations.note"] if "annotations" in made or maybe(dice, 0.1) else []
        if target["kind"] in ("Deployment", "StatefulSet", "DaemonSet"):
            paths += ["spec.template.spec.containers.*.image", "spec.template.spec.containers.[name=main].image",
                      "spec.template.spec.containers.0.env.[name=A].value", "spec.replicas"] * 2
        if target["kind"] == "ConfigMap":
            paths += ["data.k", "data.port"]
        options = dice.choice([None, {"create": True}, {"create": True}, {"delimiter": "/", "index": dice.randint(-1, 2)}])
        select = {"select": self.selector(target), "fieldPaths": dice.sample(paths, 1)}
        if options:
            select["options"] = options
        if maybe(dice, 0.2):
            select["reject"] = [{"name": dice.choice(NAMES)}]
        entry["targets"] = [select]
        if maybe(dice, 0.2):
            self.write(f"{folder}/replacement-{number}.yaml", document(dice, dice.choice([entry, [entry]])))
            entry = {"path": f"replacement-{number}.yaml"}
        kustomization.setdefault("replacements", []).append(entry)

    # -- files --

    def fields(self, folder, kustomization):
        dice = self.dice
        for number in range(dice.choice([0, 0, 1, 1, 2])):
            self.patches(folder, kustomization, number)
        if maybe(dice, 0.25):
            kustomization["namespace"] = dice.choice(NAMESPACES)
        if maybe(dice, 0.25):
            kustomization["namePrefix"] = dice.choice(["dev-", "a-"])
        if maybe(dice, 0.15):
            kustomization["nameSuffix"] = dice.choice(["-v1", "-x"])
        if maybe(dice, 0.15):
            kustomization["commonLabels"] = {"common": "label"}
        if maybe(dice, 0.15):
            kustomization["commonAnnotations"] = {"common": "annotation"}
        if maybe(dice, 0.15):
            kustomization["labels"] = [{"pairs": {"l": "1"}, "includeSelectors": maybe(dice, 0.5)}]
        if maybe(dice, 0.2):
            kustomization["images"] = [{"name": "shop/web", "newTag": "9"}]
        if maybe(dice, 0.1) and any(o["kind"] == "Deployment" for o in self.objects):
            name = dice.choice([o for o in self.objects if o["kind"] == "Deployment"])["metadata"]["name"]
            kustomization["replicas"] = [{"name": name, "count": 4}]
        for number in range(dice.choice([0, 0, 0, 0, 0, 1, 1])):
            if self.objects:
                self.replacement(folder, kustomization, number)

    def folder(self, folder, count, below):
        dice = self.dice
        made = self.resources(folder, count)
        is_old = below and maybe(dice, 0.1)
        kustomization = {"resources": made, "bases": below} if is_old else {"resources": made + below}
        for _ in range(dice.choice([0, 0, 1, 1, 2])):
            self.generator(folder, kustomization)
        self.fields(folder, kustomization)
        self.write(f"{folder}/kustomization.yaml", document(dice, kustomization))

    def component(self):
        dice = self.dice
        kustomization = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
        if maybe(dice, 0.5):
            self.generator("part", kustomization)
        self.fields("part", kustomization)
        self.write("part/kustomization.yaml", document(dice, kustomization))

    def make(self):
        dice = self.dice
        self.folder("base", dice.randint(1, 4), [])
        below = ["../base"]
        if maybe(dice, 0.3):
            base, self.objects = self.objects, []  # neither sees the other's
            self.folder("other", dice.randint(1, 2), [])
            self.objects += base
            below.append("../other")
        if maybe(dice, 0.3):
            self.folder("middle", dice.randint(0, 1), below)
            below = ["../middle"]
        self.folder("target", dice.randint(0, 2), below)
        if maybe(dice, 0.2):
            self.component()
            path = os.path.join(self.root, "target/kustomization.yaml")
            with open(path, "a", encoding="utf-8") as out:
                out.write("components:\n- ../part\n")


def make(seed, root):
    """One kustomization below `root`, to be built in its folder "target"."""
    Maker(seed, root).make()
