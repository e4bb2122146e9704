/* outages: what looks and acts tell about whether repositories and their hosts can be reached. */
#pragma once

#include "api/api.h"
#include "server/look.h"
#include "server/repositories.h"

void outages_note_look(struct api *api, const struct repositories *repositories,
                       const struct look *look);
void outages_note_act(struct api *api, const struct repositories *repositories,
                      const struct promote_act *act);
