/* GET /: the live page, which is in the binary. */
#include "server/page.h"

#include "server/respond.h"
#include "server/routes.h"

void handle_page(struct exchange *exchange)
{
    static const char extra[] =
        "Cache-Control: no-cache\r\n"
        "Content-Security-Policy: default-src 'none'; connect-src 'self'; style-src "
        "'unsafe-inline'; "
        "script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'\r\n"
        "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";
    struct span page = {(const char *)page_index, page_index_size};
    respond(exchange->connection, 200, "text/html; charset=utf-8", page, SPAN(extra));
}
