package dynamostore_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

const (
	serverID  = catalog.ID("srv000000000000000000000")
	serviceID = catalog.ID("svc000000000000000000000")
	recordID  = deployment.ID(serviceID + "01h2xcejqtf2nbre")
)

// fill gives every field below v a value of its own, so that a field which the
// stored form forgets comes back different.
func fill(v reflect.Value, n *int64) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString("text " + strings.Repeat("é", int(*n%7)) + time.Duration(*n).String())
	case reflect.Int, reflect.Int64:
		v.SetInt(*n * int64(time.Second))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 8, 22, 10, 0, int(*n), 123456789, time.UTC)))
			return
		}
		for _, field := range v.Fields() {
			fill(field, n)
		}
	}
}

// fullRecord has something in every field.
func fullRecord() deployment.Record {
	var record deployment.Record
	fill(reflect.ValueOf(&record).Elem(), new(int64))
	record.ID = recordID
	return record
}

func TestRecordForm(t *testing.T) {
	for name, want := range map[string]deployment.Record{
		"every field set":   fullRecord(),
		"only an id":        {ID: recordID},
		"just queued":       {ID: recordID, Status: deployment.Queued, ServerID: serverID, QueuedAt: time.UnixMicro(1).UTC()},
		"an exit code of 0": {ID: recordID, Outcome: deployment.Outcome{ExitCode: new(int)}},
	} {
		t.Run(name+" comes back", func(t *testing.T) {
			stored, err := dynamostore.EncodeRecord(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := dynamostore.DecodeRecord(stored)
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	t.Run("a time of another zone comes back as the same instant", func(t *testing.T) {
		want := deployment.Record{ID: recordID, QueuedAt: time.Date(2026, 8, 22, 12, 0, 0, 1, time.FixedZone("", 7200))}
		stored, err := dynamostore.EncodeRecord(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := dynamostore.DecodeRecord(stored); err != nil || !got.QueuedAt.Equal(want.QueuedAt) || got.QueuedAt.Location() != time.UTC {
			t.Errorf("%s, %v", got.QueuedAt, err)
		}
	})
}

func TestEntityForm(t *testing.T) {
	entities := []catalog.Entity{&catalog.Server{}, &catalog.PrivateKey{}, &catalog.Service{}, &catalog.Application{}}
	for i, kind := range []catalog.Kind{catalog.KindServer, catalog.KindPrivateKey, catalog.KindService, catalog.KindApplication} {
		for name, prepare := range map[string]func(catalog.Entity){
			"with every field set": func(entity catalog.Entity) { fill(reflect.ValueOf(entity).Elem(), new(int64)) },
			"with only an id":      func(catalog.Entity) {},
		} {
			t.Run("a "+string(kind)+" "+name+" comes back", func(t *testing.T) {
				want := reflect.New(reflect.TypeOf(entities[i]).Elem()).Interface().(catalog.Entity)
				prepare(want)
				want.Common().ID = catalog.ID(map[catalog.Kind]string{"server": "srv", "private-key": "key", "service": "svc",
					"application": "app"}[kind] + strings.Repeat("0", 21))
				if resource, ok := want.(catalog.Deployable); ok {
					resource.Shared().State = catalog.State{} // the deployments' own
				}
				stored, err := dynamostore.EncodeEntity(want)
				if err != nil {
					t.Fatal(err)
				}
				got, err := dynamostore.DecodeEntity(stored)
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			})
		}
	}
	t.Run("an item of an unknown kind is Internal", func(t *testing.T) {
		if _, err := dynamostore.DecodeEntity(nil); fault.KindOf(err) != fault.Internal || err == nil {
			t.Errorf("error = %v", err)
		}
	})
}
