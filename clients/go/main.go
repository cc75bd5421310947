// Publishes, pages and meets a conflict with a client that oapi-codegen has made of the document alone.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"example.com/clients/mirsal"
)

const eventType = "go.lead.created"

func main() {
	ctx := context.Background()
	authorize := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Getenv("MIRSAL_KEY"))
		return nil
	}
	client, err := mirsal.NewClientWithResponses(os.Getenv("MIRSAL_URL"), mirsal.WithRequestEditorFn(authorize))
	check(err)
	schema := map[string]interface{}{"type": "object"}
	_, err = client.CreateEventTypeWithResponse(ctx, mirsal.NewEventType{Name: eventType, Schema: &schema})
	check(err)

	publish := func(id, email string) *mirsal.PublishEventResponse {
		event := mirsal.NewEvent{Id: &id, Type: eventType, Data: map[string]interface{}{"email": email}}
		answer, err := client.PublishEventWithResponse(ctx, nil, event)
		check(err)
		return answer
	}
	for number := 0; number < 5; number++ {
		id := fmt.Sprintf("go-%d", number)
		answer := publish(id, fmt.Sprintf("reader%d@example.com", number))
		if answer.JSON202 == nil || answer.JSON202.Id != id {
			log.Fatalf("not accepted: %s", answer.Body)
		}
	}

	var ids []string
	limit, kind := 2, eventType
	params := &mirsal.ListEventsParams{Limit: &limit, Type: &kind}
	for {
		page, err := client.ListEventsWithResponse(ctx, params)
		check(err)
		for _, event := range page.JSON200.Data {
			ids = append(ids, event.Id)
		}
		if params.Cursor = page.JSON200.NextCursor; params.Cursor == nil {
			break
		}
	}
	if fmt.Sprint(ids) != "[go-4 go-3 go-2 go-1 go-0]" {
		log.Fatalf("the pages hold %v", ids)
	}

	conflict := publish("go-0", "somebody.else@example.com").ApplicationproblemJSON409
	if conflict == nil || conflict.Code != "idempotency_conflict" {
		log.Fatalf("no conflict: %v", conflict)
	}
	fmt.Printf("go: %d events, then 409 %s\n", len(ids), conflict.Code)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
