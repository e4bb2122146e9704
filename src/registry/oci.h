/* oci: what manifests and configurations of images say about themselves.  Pure: strangers' JSON. */
#pragma once

#include "registry/registry.h"

struct oci_manifest {
    /* What it says itself; 0 and "" where it says nothing. */
    struct registry_facts facts;
    /* Where to ask on for what is missing: of an index an image of it, of an image its
       configuration.  "" when there is nothing. */
    char image_digest[IMAGE_DIGEST_BYTES];
    char config_digest[IMAGE_DIGEST_BYTES];
};

/* False: no manifest. */
bool oci_read_manifest(struct slice body, struct oci_manifest *out) MUST_CHECK;
/* What a configuration adds to `facts`; nothing when it is none. */
void oci_read_config(struct slice body, struct registry_facts *facts);
