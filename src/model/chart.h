/*
 * chart: the version of a Helm chart, told as that of an image.
 *
 * Its repository names the chart with where it comes from; its tag is the version as registries
 * write it, with "_" for the "+" that no tag has.
 */
#pragma once

#include "model/workload.h"

/* A HelmRelease's chart is one of its containers, by this name; an Application's, too, and further
   ones are "chart[2]". */
#define CHART_CONTAINER "chart"
bool chart_is_container(enum workload_kind kind, const char *container);
/* By the name alone. */
bool chart_is_named(const char *container);

/*
 * Three kinds of repositories:
 *   "ghcr.io/acme/charts/web"            of a registry, like that of an image
 *   "https://charts.example.org/web"     of the index.yaml below https://charts.example.org
 *   "helmrepository://acme/web"          of a HelmRepository that is not in sight: not watched
 */
bool chart_is_indexed(const char *repository);
bool chart_is_out_of_sight(const char *repository);
/* One of the latter two, well written: no registry's. */
bool chart_repository_is_valid(const char *repository);
bool chart_name_is_valid(const char *chart);
/* Where the address of an index ends: "https://charts.example.org". */
size_t chart_index_length(const char *repository);
/* The repository of a chart below an address that a HelmRepository has; "oci://" is a registry's.
   False when it makes none. */
bool chart_repository(const char *url, const char *chart, char *out, size_t size);

/* "1.2.3", "v1.2.3-rc.1+7": one version, and no range of them. */
bool chart_version_is_exact(const char *version);
/* A version as a tag, and back; false when it is too long or no tag. */
bool chart_tag_of_version(const char *version, char out[static IMAGE_TAG_BYTES]);
void chart_version_of_tag(const char *tag, char out[static IMAGE_TAG_BYTES]);

/* A version as Git has it, or a range, as an image; the tag stays "" where the text is none. False:
   that is no chart's repository. */
bool chart_image(const char *repository, const char *version, const char *digest,
                 struct image *out);

/* Does what is installed have the wanted version?  Some leave the "v" out.  With a digest of what
   was pulled, Flux writes its beginning behind the version. */
bool chart_runs(const struct image *wanted, const struct image *running);
