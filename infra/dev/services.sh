# ./dev services up|down: a private PostgreSQL on loopback, in artifacts/services, for trying the production state store.

home="$root/artifacts/services/postgres"
port=${TIDEGATE_POSTGRES_PORT:-54329}
pg=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1 || true)
[ -n "$pg" ] || fail "PostgreSQL is missing; run ./dev deps"
# The server refuses to run as root, so it gets the account that its package made.
owner=()
[ "$(id -u)" -ne 0 ] || owner=(runuser -u postgres --)
case "${1:-}" in
    up)
        if [ ! -d "$home/data" ]; then
            mkdir -p "$home"
            [ "$(id -u)" -ne 0 ] || chown postgres "$home"
            "${owner[@]}" "$pg/initdb" -D "$home/data" -U tidegate -A trust -E UTF8 --locale=C >"$root/artifacts/services/initdb.log" ||
                fail "initdb failed; see artifacts/services/initdb.log"
        fi
        "${owner[@]}" "$pg/pg_ctl" -D "$home/data" -w -l "$home/log" -o "-h 127.0.0.1 -p $port -k $home" status >/dev/null ||
            "${owner[@]}" "$pg/pg_ctl" -D "$home/data" -w -l "$home/log" -o "-h 127.0.0.1 -p $port -k $home" start >/dev/null ||
            fail "PostgreSQL did not start; see $home/log"
        echo "export TIDEGATE_POSTGRES='Host=127.0.0.1;Port=$port;Username=tidegate;Database=postgres'"
        ;;
    down)
        [ -d "$home/data" ] || fail "nothing was started by ./dev services up"
        "${owner[@]}" "$pg/pg_ctl" -D "$home/data" -m fast -w stop >/dev/null
        say "dev: PostgreSQL stopped; its data stays in artifacts/services"
        ;;
    *) fail "services takes up or down" ;;
esac
