IFS= read -r url
IFS= read -r MYSQL_PWD
export MYSQL_PWD
user=${url#*://}
user=${user%%:*}
host=${url##*@}
host=${host%%/*}
client=$(command -v mariadb || command -v mysql)
"$client" --no-defaults --default-character-set=utf8mb4 --host "${host%:*}" --user "$user" \
	--batch --skip-column-names --execute "SELECT 'answered'" default
