# ./dev deps [--check]: what the product's tests and demo use and a bare Debian machine lacks.
# --check prints what is missing and exits 1 when there is any.

declare -A package_of=(
    [jq]=jq [curl]=curl [qemu-io]=qemu-utils [nbdinfo]=libnbd-bin [nbdkit]=nbdkit [fio]=fio [strace]=strace
    [mkfs.ext4]=e2fsprogs [losetup]=mount [e2fsck]=e2fsprogs [/usr/lib/python3/dist-packages/nbd.py]=python3-libnbd [/usr/lib/postgresql/15/bin/initdb]=postgresql-15
    [node]=nodejs [npm]=npm [restic]=restic [chromium]=chromium [chromedriver]=chromium-driver [systemd-analyze]=systemd [testssl]=testssl.sh [mkfs.xfs]=xfsprogs [nbdfuse]=libnbd-bin [fusermount3]=fuse3
)

missing=()
for tool in "${!package_of[@]}"; do
    case "$tool" in
        /usr/lib/postgresql/*) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql) ;;
        /*) [ -e "$tool" ] || missing+=("${package_of[$tool]}") ;;
        *) PATH="$PATH:/usr/sbin:/sbin" command -v "$tool" >/dev/null || missing+=("${package_of[$tool]}") ;;
    esac
done
command -v dotnet >/dev/null || fail "the .NET SDK (10.0) is missing; install it as its own documentation says and run ./dev deps again"

if [ "${#missing[@]}" -eq 0 ] && azurite_installed; then
    say "dev: nothing is missing"
elif [ "${1:-}" = "--check" ]; then
    azurite_installed || missing+=("azurite@$azurite_version (npm)")
    say "dev: missing packages: $(printf '%s\n' "${missing[@]}" | sort -u | paste -sd ' ')"
    exit 1
fi
if [ "${#missing[@]}" -gt 0 ]; then
    mapfile -t packages < <(printf '%s\n' "${missing[@]}" | sort -u)
    say "dev: installing ${packages[*]}"
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    # The database's own cluster is not started: tests make private ones.
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    say "dev: done"
fi
if ! azurite_installed; then
    say "dev: installing azurite $azurite_version into $azurite_home"
    mkdir -p "$azurite_home"
    npm install --prefix "$azurite_home" --no-save --no-audit --no-fund --loglevel=error "azurite@$azurite_version" >/dev/null ||
        fail "npm could not install azurite@$azurite_version; check its registry ('npm config get registry') and run ./dev deps again"
    azurite_installed || fail "npm installed something else than azurite $azurite_version into $azurite_home; remove that folder and run ./dev deps again"
    say "dev: done"
fi
