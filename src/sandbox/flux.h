/*
 * flux: what Flux's controllers make of a HelmRelease, where its kinds are defined.
 *
 * Every chart is one Deployment by the name of its release, with the labels that Flux puts on it,
 * that runs the values' image, or else one named after the chart with its version as the tag.
 * Installed is what runs.  A version with "-fail" cannot be installed.
 */
#pragma once

#include "sandbox/objects.h"

struct sandbox_cluster;

/* Flux was installed: its kinds are there. */
void flux_define(struct kinds *kinds);
void reconcile_helm_release(struct sandbox_cluster *cluster, json_t *release);
/* Something has changed: mark the releases that it is about. */
void flux_changed(struct sandbox_cluster *cluster, const struct change *change);
