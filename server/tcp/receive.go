package tcp

import (
	"errors"
	"fmt"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// batches are shared by all sessions. A session needs a decoded batch only until the
// bets are queued.
var batches = sync.Pool{New: func() any { return new(protocol.Batch) }}

// receive handles one frame and returns its reply. If it also returns an error, the
// reply is the last one of the session: it tells the peer why the session ends.
func (s *session) receive(kind protocol.Type, payload []byte) (reply, error) {
	switch {
	case s.queried:
		return endWith(violation("%v after QUERY", kind))
	case kind == protocol.TypeBatch:
		batch := batches.Get().(*protocol.Batch)
		defer batches.Put(batch)
		if err := batch.Decode(payload); err != nil {
			return endWith(violation("%w", err))
		}
		return s.store(batchReply{offset: batch.Offset, count: len(batch.Bets)}, batch.Bets, batch.Records)
	case kind == protocol.TypeBet:
		var single protocol.Single
		if err := single.Decode(payload); err != nil {
			return endWith(violation("%w", err))
		}
		return s.store(batchReply{offset: single.Offset, count: 1, single: &single.Bet}, []lottery.Bet{single.Bet}, single.Record)
	case kind == protocol.TypeFinished:
		var finished protocol.Finished
		if err := finished.Decode(payload); err != nil {
			return endWith(violation("%w", err))
		}
		s.finished = true
		return finishedReply{total: finished.Total}, nil
	case kind == protocol.TypeQuery:
		if err := new(protocol.Query).Decode(payload); err != nil {
			return endWith(violation("%w", err))
		}
		if !s.finished {
			return endWith(violation("QUERY before FINISHED"))
		}
		s.queried = true
		return queryReply{}, nil
	}
	return endWith(violation("unexpected %v", kind))
}

// endWith returns a reply that ends the session, and the reason for it.
func endWith(reason error) (reply, error) { return endReply{reason}, reason }

// store queues the bets of a batch at the central, and returns the reply to the batch.
func (s *session) store(batch batchReply, bets []lottery.Bet, records []byte) (reply, error) {
	for i := range bets {
		bets[i].Agency = s.agency
	}
	batch.commit, batch.failure = s.queueBets(batch.offset, bets, records)
	if batch.failure == nil {
		s.queued = max(s.queued, batch.commit.End())
	}
	return batch, batch.failure
}

// queueBets queues bets at the central. If it fails, its error ends the session.
func (s *session) queueBets(offset lottery.Offset, bets []lottery.Bet, records []byte) (central.Commit, error) {
	if s.finished {
		return nil, protocolError(protocol.StatusClosed, errors.New("the agency has finished"))
	}
	if s.exceeds(offset, len(bets)) {
		s.server.stats.betsLimited.Add(uint64(len(bets)))
		return nil, protocolError(protocol.StatusLimit, fmt.Errorf("%d bets at most are stored of an agency", s.server.options.MaxBets))
	}
	commit, err := s.claimed.StoreBets(offset, bets, records)
	switch {
	case errors.Is(err, central.ErrGap) && offset <= s.queued:
		// The peer left no gap: an earlier batch of this session was not
		// stored. The ERROR that answers that batch tells it to the peer.
		return nil, protocolError(protocol.StatusStorageFailed, errBatchBefore)
	case errors.Is(err, central.ErrGap):
		return nil, violation("%w", err)
	case errors.Is(err, lottery.ErrInvalidBet):
		return nil, protocolError(protocol.StatusInvalidBet, err)
	case err != nil:
		return nil, centralFailure(err)
	}
	return commit, nil
}

// exceeds returns whether the bets are more than an agency may have, and not stored
// already.
func (s *session) exceeds(offset lottery.Offset, count int) bool {
	most := lottery.Offset(s.server.options.MaxBets)
	if most == 0 || offset <= most && lottery.Offset(count) <= most-offset {
		return false
	}
	stored := s.claimed.State().Stored
	return offset > stored || lottery.Offset(count) > stored-offset
}
