//! A server on loopback for tests that are about what is sent and what an answer leads to.

use std::sync::{Arc, Mutex, PoisonError};

use api_client::Client;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Answers, Api, RestrictedTokens};
use crate::marketplace::Region;

/// What came so far: path with query, a space, and the body, each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    /// Everything that came so far, in order.
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes a request; how many there are now.
    fn note(&self, request: String) -> usize {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(request);
        seen.len()
    }
}

/// Status and body of the answer to a request: what came, and its number from 1.
pub(crate) type Answer = fn(&str, usize) -> (u16, String);

/// The API of a region, behind which one function answers.
pub(crate) async fn api(answer: Answer) -> (Api, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let seen = Seen::default();
    let log = seen.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(exchange(stream, log.clone(), answer));
        }
    });
    let client = Client::builder(&base, Answers).build().unwrap();
    (Api { client, restricted: RestrictedTokens::default(), region: Region::Na }, seen)
}

/// Reads one request and answers it.
async fn exchange(stream: TcpStream, seen: Seen, answer: Answer) {
    let mut stream = BufReader::new(stream);
    let (mut head, mut line, mut length) = (String::new(), String::new(), 0);
    while stream.read_line(&mut line).await.unwrap() > 2 {
        if head.is_empty() {
            head = line.split(' ').nth(1).unwrap().to_owned();
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let request = format!("{head} {}", String::from_utf8(body).unwrap());
    let number = seen.note(request.clone());
    let (status, body) = answer(&request, number);
    let size = body.len();
    let reply =
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n{body}");
    stream.write_all(reply.as_bytes()).await.unwrap();
}
