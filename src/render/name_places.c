/* kustomize's own table (its package builtinpluginconsts, name references), in the order that it
   sorts it into: by what is named. */
#include "render/name_places.h"

#define ADMISSION "admissionregistration.k8s.io"
#define RBAC "rbac.authorization.k8s.io"

#define STORAGE_CLASS                                                                              \
    {                                                                                              \
        "StorageClass", "storage.k8s.io", "v1"                                                     \
    }
#define SERVICE_ACCOUNT                                                                            \
    {                                                                                              \
        "ServiceAccount", NULL, "v1"                                                               \
    }
#define CONFIG_MAP                                                                                 \
    {                                                                                              \
        "ConfigMap", NULL, "v1"                                                                    \
    }
#define SECRET                                                                                     \
    {                                                                                              \
        "Secret", NULL, "v1"                                                                       \
    }
#define SERVICE                                                                                    \
    {                                                                                              \
        "Service", NULL, "v1"                                                                      \
    }
#define PRIORITY_CLASS                                                                             \
    {                                                                                              \
        "PriorityClass", "scheduling.k8s.io", "v1"                                                 \
    }
#define VOLUME                                                                                     \
    {                                                                                              \
        "PersistentVolume", NULL, "v1"                                                             \
    }
#define CLAIM                                                                                      \
    {                                                                                              \
        "PersistentVolumeClaim", NULL, "v1"                                                        \
    }

const struct name_place name_places[] = {
    {STORAGE_CLASS, "PersistentVolume", NULL, NULL, "spec/storageClassName"},
    {STORAGE_CLASS, "PersistentVolumeClaim", NULL, NULL, "spec/storageClassName"},
    {STORAGE_CLASS, "StatefulSet", NULL, NULL, "spec/volumeClaimTemplates/spec/storageClassName"},
    {SERVICE_ACCOUNT, "RoleBinding", RBAC, NULL, "subjects"},
    {SERVICE_ACCOUNT, "ClusterRoleBinding", RBAC, NULL, "subjects"},
    {{"Role", RBAC, NULL}, "RoleBinding", RBAC, NULL, "roleRef/name"},
    {{"ClusterRole", RBAC, NULL}, "RoleBinding", RBAC, NULL, "roleRef/name"},
    {{"ClusterRole", RBAC, NULL}, "ClusterRoleBinding", RBAC, NULL, "roleRef/name"},
    {CONFIG_MAP, "Node", NULL, NULL, "spec/configSource/configMap"},
    {CONFIG_MAP, "Role", NULL, NULL, "rules/resourceNames"},
    {CONFIG_MAP, "ClusterRole", NULL, NULL, "rules/resourceNames"},
    {CONFIG_MAP, "Ingress", NULL, NULL,
     "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap"},
    {SECRET, "Ingress", NULL, NULL, "spec/tls/secretName"},
    {SECRET, "Ingress", NULL, NULL, "metadata/annotations/ingress.kubernetes.io\\/auth-secret"},
    {SECRET, "Ingress", NULL, NULL,
     "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret"},
    {SECRET, "Ingress", NULL, NULL,
     "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret"},
    {SECRET, "ServiceAccount", NULL, NULL, "imagePullSecrets/name"},
    {SECRET, "StorageClass", NULL, NULL, "parameters/secretName"},
    {SECRET, "StorageClass", NULL, NULL, "parameters/adminSecretName"},
    {SECRET, "StorageClass", NULL, NULL, "parameters/userSecretName"},
    {SECRET, "StorageClass", NULL, NULL, "parameters/secretRef"},
    {SECRET, "Role", NULL, NULL, "rules/resourceNames"},
    {SECRET, "ClusterRole", NULL, NULL, "rules/resourceNames"},
    {SECRET, "Service", "serving.knative.dev", "v1",
     "spec/template/spec/containers/env/valueFrom/secretKeyRef/name"},
    {SECRET, "PersistentVolume", NULL, NULL, "spec/azureFile/secretName"},
    {SERVICE, "StatefulSet", "apps", NULL, "spec/serviceName"},
    {SERVICE, "Ingress", NULL, NULL, "spec/rules/http/paths/backend/serviceName"},
    {SERVICE, "Ingress", NULL, NULL, "spec/backend/serviceName"},
    {SERVICE, "Ingress", NULL, NULL, "spec/rules/http/paths/backend/service/name"},
    {SERVICE, "Ingress", NULL, NULL, "spec/defaultBackend/service/name"},
    {SERVICE, "APIService", "apiregistration.k8s.io", NULL, "spec/service/name"},
    {SERVICE, "ValidatingWebhookConfiguration", ADMISSION, NULL, "webhooks/clientConfig/service"},
    {SERVICE, "MutatingWebhookConfiguration", ADMISSION, NULL, "webhooks/clientConfig/service"},
    {VOLUME, "PersistentVolumeClaim", NULL, NULL, "spec/volumeName"},
    {VOLUME, "ClusterRole", NULL, NULL, "rules/resourceNames"},
    {{"Deployment", NULL, NULL}, "HorizontalPodAutoscaler", NULL, NULL, "spec/scaleTargetRef/name"},
    {{"StatefulSet", NULL, NULL},
     "HorizontalPodAutoscaler",
     NULL,
     NULL,
     "spec/scaleTargetRef/name"},
    {{"ReplicaSet", NULL, NULL}, "HorizontalPodAutoscaler", NULL, NULL, "spec/scaleTargetRef/name"},
    {{"ReplicationController", NULL, NULL},
     "HorizontalPodAutoscaler",
     NULL,
     NULL,
     "spec/scaleTargetRef/name"},
    {{"IngressClass", "networking.k8s.io/v1", "v1"},
     "Ingress",
     NULL,
     NULL,
     "spec/ingressClassName"},
    {{"ValidatingAdmissionPolicy", ADMISSION, NULL},
     "ValidatingAdmissionPolicyBinding",
     ADMISSION,
     NULL,
     "spec/policyName"},
};
const size_t name_place_count = COUNT_OF(name_places);

const struct pod_place pod_places[] = {
    {SERVICE_ACCOUNT, POD_NAMES_ACCOUNT, "serviceAccountName"},
    {CONFIG_MAP, POD_NAMES_CONFIG, "volumes/configMap/name"},
    {CONFIG_MAP, POD_NAMES_CONFIG, "containers/env/valueFrom/configMapKeyRef/name"},
    {CONFIG_MAP, POD_NAMES_CONFIG, "initContainers/env/valueFrom/configMapKeyRef/name"},
    {CONFIG_MAP, POD_NAMES_CONFIG, "containers/envFrom/configMapRef/name"},
    {CONFIG_MAP, POD_NAMES_CONFIG, "initContainers/envFrom/configMapRef/name"},
    {CONFIG_MAP, POD_NAMES_CONFIG, "volumes/projected/sources/configMap/name"},
    {SECRET, POD_NAMES_CONFIG, "volumes/secret/secretName"},
    {SECRET, POD_NAMES_CONFIG, "containers/env/valueFrom/secretKeyRef/name"},
    {SECRET, POD_NAMES_CONFIG, "initContainers/env/valueFrom/secretKeyRef/name"},
    {SECRET, POD_NAMES_CONFIG, "containers/envFrom/secretRef/name"},
    {SECRET, POD_NAMES_CONFIG, "initContainers/envFrom/secretRef/name"},
    {SECRET, POD_NAMES_CONFIG, "imagePullSecrets/name"},
    {SECRET, POD_NAMES_CONFIG, "volumes/projected/sources/secret/name"},
    {PRIORITY_CLASS, POD_NAMES_ACCOUNT, "priorityClassName"},
    {CLAIM, POD_NAMES_ACCOUNT, "volumes/persistentVolumeClaim/claimName"},
};
const size_t pod_place_count = COUNT_OF(pod_places);

#define BOTH (POD_NAMES_CONFIG | POD_NAMES_ACCOUNT)
const struct pod_holder pod_holders[] = {
    {"Pod", "spec", BOTH},
    {"PodTemplate", "template/spec", POD_NAMES_CONFIG},
    {"Deployment", "spec/template/spec", BOTH},
    {"ReplicaSet", "spec/template/spec", POD_NAMES_CONFIG},
    {"ReplicationController", "spec/template/spec", POD_NAMES_ACCOUNT},
    {"DaemonSet", "spec/template/spec", BOTH},
    {"StatefulSet", "spec/template/spec", BOTH},
    {"Job", "spec/template/spec", BOTH},
    {"CronJob", "spec/jobTemplate/spec/template/spec", BOTH},
};
const size_t pod_holder_count = COUNT_OF(pod_holders);
