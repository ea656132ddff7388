# Runs in the server's own container and prints the word in its first document.
HOME=/tmp WAYBILL_PASSWORD="$(cat /waybill/password)" mongosh --quiet --norc \
	"mongodb://127.0.0.1/default?directConnection=true" --eval '
db.getSiblingDB("admin").auth(process.env.MONGO_INITDB_ROOT_USERNAME, process.env.WAYBILL_PASSWORD)
print(db.words.findOne().word)'
