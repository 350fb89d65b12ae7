// Sends one file. XMLHttpRequest, because fetch does not tell how far an upload is.
import { ApiError, csrfToken, signedOut } from './api';
import type { InputFile } from './types';

export interface Upload {
  done: Promise<InputFile>;
  abort(): void;
}

export function uploadFile(file: File, progress: (share: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<InputFile>((resolve, reject) => {
    request.open('POST', `/api/files?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('X-CSRF-Token', csrfToken.value);
    request.responseType = 'json';
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    request.onerror = () => reject(new ApiError(0, 'unreachable', ''));
    request.onabort = () => reject(new ApiError(0, 'aborted', ''));
    request.onload = () => {
      if (request.status === 201 || request.status === 200) return resolve(request.response);
      if (request.status === 401) signedOut.value += 1;
      const error = request.response?.error ?? {};
      reject(new ApiError(request.status, error.code ?? 'unknown', error.message ?? '', 'files'));
    };
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}
