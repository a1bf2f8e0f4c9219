package pipeline

import (
	"context"
	"crypto/subtle"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// bearer sends a token with each call. Whether the connection may carry it is decided where the client is made.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }

// tokenCheck refuses calls without the token; without a token it refuses none.
func tokenCheck(token string) []grpc.ServerOption {
	if token == "" {
		return nil
	}
	allowed := func(ctx context.Context) error {
		sent := metadata.ValueFromIncomingContext(ctx, "authorization")
		if len(sent) != 1 || subtle.ConstantTimeCompare([]byte(sent[0]), []byte("Bearer "+token)) != 1 {
			return status.Error(codes.Unauthenticated, "token: missing or wrong")
		}
		return nil
	}
	return []grpc.ServerOption{
		grpc.UnaryInterceptor(func(ctx context.Context, r any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			if err := allowed(ctx); err != nil {
				return nil, err
			}
			return handle(ctx, r)
		}),
		grpc.StreamInterceptor(func(s any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
			if err := allowed(stream.Context()); err != nil {
				return err
			}
			return handle(s, stream)
		}),
	}
}
