/* The hubs that are known by name. */
#include "bench/plan.h"

const struct hub hubs[] = {
    {.name = "freshet",
     .subscribe_path = "/events/{channel}",
     .subscribe_several = "/events?channel={channel}",
     .subscribe_oldest = "/events?from=earliest&channel={channel}",
     .subscribe_more = "&channel={channel}",
     .publish_path = "/publish/{channel}",
     .publish_type = "text/plain",
     .publish_body = "{data}",
     .opens_with_block = true,
     .ordered_ids = true},
    {.name = "nchan",
     .subscribe_path = "/sub?id={channel}",
     .subscribe_more = ",{channel}",
     .publish_path = "/pub?id={channel}",
     .publish_type = "text/plain",
     .publish_body = "{data}"},
    {.name = "mercure",
     .subscribe_path = "/.well-known/mercure?topic={channel}",
     .subscribe_oldest = "/.well-known/mercure?lastEventID=earliest&topic={channel}",
     .subscribe_more = "&topic={channel}",
     .publish_path = "/.well-known/mercure",
     .publish_type = "application/x-www-form-urlencoded",
     .publish_body = "topic={channel}&data={data}",
     .publish_header = "Authorization: Bearer {token}"},
    {.name = "other", .publish_type = "text/plain", .publish_body = "{data}"},
};

const struct hub hub_batches[2] = {
    {.publish_path = "/publish/{channel}",
     .publish_type = "application/x-ndjson",
     .publish_body = "{\"data\":\"{data}\"}"},
    {.publish_path = "/publish",
     .publish_type = "application/x-ndjson",
     .publish_body = "{\"channel\":\"{channel}\",\"data\":\"{data}\"}"},
};
